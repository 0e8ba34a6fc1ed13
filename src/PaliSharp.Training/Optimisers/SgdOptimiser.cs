using System.Numerics;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>The numbers of gradient descent.</summary>
public sealed record SgdOptions
{
    /// <summary>How much of the last direction is kept; 0 for none, which needs no memory.</summary>
    public double Momentum { get; init; }

    /// <summary>Looks ahead along the momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Weight decay as PyTorch's SGD has it: so much of the values is added to the gradient.</summary>
    public double CoupledDecay { get; init; }
}

/// <summary>Gradient descent with or without momentum, as PyTorch's: the first direction is the gradient itself.</summary>
public sealed unsafe class SgdOptimiser : Optimiser
{
    private readonly CpuBackend _device;
    private readonly SgdOptions _options;
    private readonly OptimiserSlot[] _momentum;

    /// <summary>Creates the momentum, if there is any.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="device">Whose threads compute.</param>
    /// <param name="options">The numbers.</param>
    public SgdOptimiser(ParameterSet parameters, CpuBackend device, SgdOptions? options = null)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _options = options ?? new SgdOptions();
        _momentum = _options.Momentum == 0 ? [] : [.. parameters.Select(parameter => NewSlot("momentum", parameter, parameter.Shape))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimiserSlot> Slots => _momentum;

    /// <inheritdoc/>
    protected override void Update(int index, Parameter parameter, float gradientScale, StepRate rate)
    {
        var job = new SgdJob
        {
            Values = parameter.Values,
            Gradients = parameter.Gradients,
            Momentum = _momentum.Length == 0 ? null : (float*)_momentum[index].Value.Data,
            Count = parameter.Count,
            GradientScale = gradientScale,
            CoupledDecay = (float)_options.CoupledDecay,
            Keep = (float)_options.Momentum,
            Nesterov = _options.Nesterov,
            Rate = (float)rate.Rate,
            Decay = (float)rate.Decay,
        };
        job.Parts = (int)Math.Clamp(parameter.Count / SgdJob.Grain, 1, 4 * _device.Team.Size);
        _device.Team.Run(ref job, job.Parts);
    }

    private struct SgdJob : IParallelJob
    {
        public const int Grain = 1 << 14;

        public float* Values;
        public float* Gradients;
        public float* Momentum;
        public long Count;
        public float GradientScale;
        public float CoupledDecay;
        public float Keep;
        public float Rate;
        public float Decay;
        public bool Nesterov;
        public int Parts;

        public readonly void Execute(int part)
        {
            long end = Boundary(part + 1);
            long i = Boundary(part);
            for (; i + Vector<float>.Count <= end; i += Vector<float>.Count)
            {
                Vector<float> value = Vector.Load(Values + i);
                Vector<float> direction = (Vector.Load(Gradients + i) * GradientScale) + (value * CoupledDecay);
                if (Momentum != null)
                {
                    Vector<float> kept = (Vector.Load(Momentum + i) * Keep) + direction;
                    Vector.Store(kept, Momentum + i);
                    direction = Nesterov ? direction + (kept * Keep) : kept;
                }

                Vector.Store(value - (value * Decay) - (direction * Rate), Values + i);
            }

            for (; i < end; i++)
            {
                float direction = (Gradients[i] * GradientScale) + (Values[i] * CoupledDecay);
                if (Momentum != null)
                {
                    Momentum[i] = (Momentum[i] * Keep) + direction;
                    direction = Nesterov ? direction + (Momentum[i] * Keep) : Momentum[i];
                }

                Values[i] = Values[i] - (Values[i] * Decay) - (direction * Rate);
            }
        }

        private readonly long Boundary(int part) => part == Parts ? Count : Count * part / Parts / 16 * 16;
    }
}
