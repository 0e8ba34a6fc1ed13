using System.Numerics;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>The numbers of Adam.</summary>
public sealed record AdamOptions
{
    /// <summary>The decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Weight decay in the old sense: so much of the values is added to the gradient.</summary>
    public double CoupledDecay { get; init; }

    /// <summary>Keeps the first moment in bfloat16, which saves a sixth of the memory of training.</summary>
    public bool HalfFirstMoment { get; init; }
}

/// <summary>
/// Adam with bias correction, its direction m̂ ÷ (√v̂ + ε). With decay from the outside it is PyTorch's AdamW (decay = rate × weight decay) as well as
/// big_vision's chain (decay = schedule × weight decay).
/// </summary>
public sealed unsafe class AdamOptimiser : Optimiser
{
    private readonly CpuBackend _device;
    private readonly AdamOptions _options;
    private readonly OptimiserSlot[] _first;
    private readonly OptimiserSlot[] _second;

    /// <summary>Creates the moments, zero at first.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="device">Whose threads compute.</param>
    /// <param name="options">The numbers.</param>
    public AdamOptimiser(ParameterSet parameters, CpuBackend device, AdamOptions? options = null)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _options = options ?? new AdamOptions();
        WeightType type = _options.HalfFirstMoment ? WeightType.BFloat16 : WeightType.Float32;
        _first = [.. parameters.Select(parameter => NewSlot("first_moment", parameter, parameter.Shape, type))];
        _second = [.. parameters.Select(parameter => NewSlot("second_moment", parameter, parameter.Shape))];
        Slots = [.. _first, .. _second];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimiserSlot> Slots { get; }

    /// <inheritdoc/>
    protected override void Update(int index, Parameter parameter, float gradientScale, StepRate rate)
    {
        double first = 1 - Math.Pow(_options.Beta1, Updates);
        double second = 1 - Math.Pow(_options.Beta2, Updates);
        var job = new AdamJob
        {
            Values = parameter.Values,
            Gradients = parameter.Gradients,
            First = _first[index].Value.Data,
            Second = (float*)_second[index].Value.Data,
            Count = parameter.Count,
            GradientScale = gradientScale,
            CoupledDecay = (float)_options.CoupledDecay,
            Beta1 = (float)_options.Beta1,
            OneMinusBeta1 = (float)(1 - _options.Beta1),
            Beta2 = (float)_options.Beta2,
            OneMinusBeta2 = (float)(1 - _options.Beta2),
            Epsilon = (float)_options.Epsilon,
            InverseRootSecond = (float)(1 / Math.Sqrt(second)),
            InverseFirst = (float)(1 / first),
            Rate = (float)rate.Rate,
            Decay = (float)rate.Decay,
            IsHalf = _options.HalfFirstMoment,
        };
        job.Parts = (int)Math.Clamp(parameter.Count / AdamJob.Grain, 1, 4 * _device.Team.Size);
        _device.Team.Run(ref job, job.Parts);
    }

    private struct AdamJob : IParallelJob
    {
        public const int Grain = 1 << 14;

        public float* Values;
        public float* Gradients;
        public void* First;
        public float* Second;
        public long Count;
        public float GradientScale;
        public float CoupledDecay;
        public float Beta1;
        public float OneMinusBeta1;
        public float Beta2;
        public float OneMinusBeta2;
        public float Epsilon;
        public float InverseRootSecond;
        public float InverseFirst;
        public float Rate;
        public float Decay;
        public bool IsHalf;
        public int Parts;

        public readonly void Execute(int part)
        {
            long start = Boundary(part);
            long end = Boundary(part + 1);
            if (IsHalf)
                UpdateHalf(start, end);
            else
                Update(start, end);
        }

        private readonly long Boundary(int part) => part == Parts ? Count : Count * part / Parts / 16 * 16;

        private readonly void Update(long start, long end)
        {
            var first = (float*)First;
            var decay = new Vector<float>(Decay);
            var rate = new Vector<float>(Rate * InverseFirst);
            var epsilon = new Vector<float>(Epsilon);
            long i = start;
            for (; i + Vector<float>.Count <= end; i += Vector<float>.Count)
            {
                Vector<float> value = Vector.Load(Values + i);
                Vector<float> gradient = (Vector.Load(Gradients + i) * GradientScale) + (value * CoupledDecay);
                Vector<float> m = (Vector.Load(first + i) * Beta1) + (gradient * OneMinusBeta1);
                Vector<float> v = (Vector.Load(Second + i) * Beta2) + (gradient * gradient * OneMinusBeta2);
                Vector<float> root = (Vector.SquareRoot(v) * InverseRootSecond) + epsilon;
                Vector.Store(m, first + i);
                Vector.Store(v, Second + i);
                Vector.Store(value - (decay * value) - (rate * m / root), Values + i);
            }

            for (; i < end; i++)
            {
                float gradient = (Gradients[i] * GradientScale) + (Values[i] * CoupledDecay);
                first[i] = (first[i] * Beta1) + (gradient * OneMinusBeta1);
                Step(i, first[i], gradient);
            }
        }

        // As optax does with a bfloat16 moment: β₁·m in bfloat16; the sum is used as it is and rounded to be kept.
        private readonly void UpdateHalf(long start, long end)
        {
            var first = (ushort*)First;
            float beta = Widen(BFloat16Rounding.Round(Beta1));
            for (long i = start; i < end; i++)
            {
                float gradient = (Gradients[i] * GradientScale) + (Values[i] * CoupledDecay);
                float m = Widen(BFloat16Rounding.Round(beta * Widen(first[i]))) + (gradient * OneMinusBeta1);
                first[i] = BFloat16Rounding.Round(m);
                Step(i, m, gradient);
            }
        }

        private readonly void Step(long i, float m, float gradient)
        {
            Second[i] = (Second[i] * Beta2) + (gradient * gradient * OneMinusBeta2);
            float root = (MathF.Sqrt(Second[i]) * InverseRootSecond) + Epsilon;
            Values[i] = Values[i] - (Decay * Values[i]) - (Rate * InverseFirst * m / root);
        }

        private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
    }
}
