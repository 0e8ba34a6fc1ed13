using System.Diagnostics;
using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Data;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>How a mask codec is trained; the defaults are those of the paper that the codec is from (AiT), where it gives them.</summary>
public sealed record MaskCodecTrainingOptions
{
    /// <summary>The updates.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>The masks of an update. The paper has 512; fewer need fewer masks and less time.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The learning rate of Adam.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>The part of the codebook's averages that stays at an update.</summary>
    public double Decay { get; init; } = 0.99;

    /// <summary>The weight of the loss that keeps vectors near their codes.</summary>
    public double Commitment { get; init; } = 0.25;

    /// <summary>The channels of the first layer, doubled three times. Only 16 can be saved: that is the published layout.</summary>
    public int BaseWidth { get; init; } = 16;

    /// <summary>The length of a code's vector. Only 512 can be saved.</summary>
    public int VectorLength { get; init; } = MaskCodec.VectorLength;

    /// <summary>Determines first values and the order of the masks.</summary>
    public ulong Seed { get; init; }
}

/// <summary>Told after an update.</summary>
/// <param name="Step">The updates made.</param>
/// <param name="Loss">The mean squared difference of masks and their reconstructions, which run from −1 to 1.</param>
/// <param name="UsedCodes">The different codes that the batch used.</param>
/// <param name="MasksPerSecond">The speed of this update.</param>
public sealed record MaskCodecProgress(int Step, double Loss, int UsedCodes, double MasksPerSecond);

/// <summary>
/// Trains a mask codec: an encoder, a codebook, a decoder. The decoder's gradient passes to the encoder as if nothing had been replaced
/// (straight-through); the codebook follows by moving averages.
/// </summary>
/// <remarks>Source: the description of the VQ-VAE in "All in Tokens" (arXiv 2301.02229) and of its use in PaliGemma.</remarks>
public sealed class MaskCodecTrainer : IDisposable
{
    internal const int GridSide = 4;
    private const int Pixels = MaskCodec.Side * MaskCodec.Side;
    private readonly MaskCodecTrainingOptions _options;
    private readonly IMaskSet _masks;
    private readonly CpuBackend _device;
    private readonly AdamOptimiser _optimiser;
    private readonly OrderedPrefetcher<float[]?> _prefetcher;
    private int[] _order = [];
    private long _orderEpoch = -1;

    /// <summary>Creates a codec with random weights.</summary>
    /// <param name="masks">What it is trained on.</param>
    /// <param name="options">How.</param>
    /// <param name="cpu">Threads and instructions; null for the defaults.</param>
    /// <exception cref="RecipeException">There is no mask, or a number is out of range.</exception>
    public MaskCodecTrainer(IMaskSet masks, MaskCodecTrainingOptions options, CpuOptions? cpu = null)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(options);
        Check(masks, options);
        (_masks, _options) = (masks, options);
        _device = new CpuBackend(cpu ?? new CpuOptions());
        var random = new GaussianRandom(options.Seed);
        Network = new CodecNetwork(_device, options.BaseWidth, options.VectorLength, random);
        Quantizer = new VectorQuantizer(MaskCodec.CodebookSize, options.VectorLength, options.Decay, random);
        _optimiser = new AdamOptimiser(Network.Parameters, _device);
        _prefetcher = new OrderedPrefetcher<float[]?>(StartMask, 2 * options.BatchSize, threads: 1);
    }

    /// <summary>The updates made.</summary>
    public int Step { get; private set; }

    /// <summary>The masks that could not be used so far, those met again counted again.</summary>
    public long Skipped { get; private set; }

    internal CodecNetwork Network { get; }

    internal VectorQuantizer Quantizer { get; }

    /// <summary>Trains to the end.</summary>
    /// <param name="progress">Told after every update.</param>
    /// <param name="cancellationToken">Stops between two updates.</param>
    /// <exception cref="RecipeException">No mask can be used, or the loss is no number.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Run(IProgress<MaskCodecProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        while (Step < _options.Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            double loss = Update();
            double seconds = Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-9);
            progress?.Report(new MaskCodecProgress(Step, loss, Quantizer.Used, _options.BatchSize / seconds));
        }
    }

    /// <summary>The mean intersection over union of masks with their reconstructions.</summary>
    /// <param name="masks">Masks, best of a set of their own.</param>
    /// <exception cref="RecipeException">None can be used.</exception>
    public double Evaluate(IMaskSet masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        double sum = 0;
        int count = 0;
        for (int first = 0; first < masks.Count; first += _options.BatchSize)
        {
            IEnumerable<int> indices = Enumerable.Range(first, Math.Min(_options.BatchSize, masks.Count - first));
            float[][] batch = [.. indices.Select(index => ReadMask(masks, index)).OfType<float[]>()];
            if (batch.Length == 0)
                continue;
            using Tensor input = Input(batch);
            using Tensor vectors = Network.Encode(input);
            using Tensor replaced = _device.Rent(vectors.Shape);
            Quantizer.Replace(Quantizer.Nearest(vectors), replaced);
            using Tensor output = Network.Decode(replaced);
            for (int i = 0; i < batch.Length; i++)
                sum += IntersectionOverUnion(batch[i], output.Span.Slice(i * Pixels, Pixels));
            count += batch.Length;
        }

        return count > 0 ? sum / count : throw new RecipeException("None of the masks to evaluate on can be used.");
    }

    /// <summary>Writes the codec as a <c>.npz</c> file in the layout of <c>vae-oid.npz</c>; the file appears whole or not at all.</summary>
    /// <param name="path">The file to create or replace. Its folder must exist.</param>
    /// <exception cref="InvalidOperationException">Its widths are not those of the layout.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (_options is not { BaseWidth: 16, VectorLength: MaskCodec.VectorLength })
            throw new InvalidOperationException($"A codec of base width {_options.BaseWidth} and vectors of {_options.VectorLength} has no place "
                + $"in the published layout, which has 16 and {MaskCodec.VectorLength}.");
        AtomicFile.Write(path, stream =>
        {
            using var file = new NpzWriter(stream);
            file.Write("_vq_vae._embedding", Quantizer.Codebook, [MaskCodec.CodebookSize, MaskCodec.VectorLength]);
            foreach (ConvolutionStep convolution in Network.Convolutions)
            {
                (float[] values, int[] shape) = convolution.Export();
                file.Write($"{convolution.Name}.weight", values, shape);
                file.Write($"{convolution.Name}.bias", convolution.ExportBias(), [(int)convolution.Bias.Count]);
            }
        });
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose() => _device.Dispose();

    /// <summary>Reconstruction and commitment loss of a batch, with their gradients.</summary>
    internal double Compute(Tensor input)
    {
        Network.Parameters.ClearGradients();
        using Tensor vectors = Network.Encode(input);
        Quantizer.Initialize(vectors);
        int[] nearest = Quantizer.Nearest(vectors);
        using Tensor replaced = _device.Rent(vectors.Shape);
        Quantizer.Replace(nearest, replaced);
        using Tensor output = Network.Decode(replaced);
        using Tensor slope = _device.Rent(output.Shape);
        double loss = SquaredDifference(output.Span, input.Span, 1, slope.Span);

        // Straight through: what the decoder wants of the codes is asked of the vectors, beside staying near them.
        using Tensor gradient = Network.DecodeBackward(replaced, output, slope);
        using Tensor commitment = _device.Rent(vectors.Shape);
        _ = SquaredDifference(vectors.Span, replaced.Span, _options.Commitment, commitment.Span);
        FeatureMap.AddScaled(gradient.Span, commitment.Span, 1);
        Network.EncodeBackward(input, vectors, gradient);
        Quantizer.Update(vectors, nearest);
        return loss;
    }

    /// <summary>[masks·64·64, 1], from −1 to 1.</summary>
    internal Tensor Input(IReadOnlyList<float[]> masks)
    {
        Tensor input = _device.Rent(new TensorShape(masks.Count * Pixels, 1));
        for (int i = 0; i < masks.Count; i++)
        {
            Span<float> target = input.Span.Slice(i * Pixels, Pixels);
            for (int j = 0; j < Pixels; j++)
                target[j] = 2 * (masks[i][j] - 0.5f);
        }

        return input;
    }

    private static double IntersectionOverUnion(ReadOnlySpan<float> mask, ReadOnlySpan<float> decoded)
    {
        int both = 0;
        int any = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            bool isTrue = mask[i] > 0.5f;
            bool isFound = decoded[i] > 0;
            both += isTrue && isFound ? 1 : 0;
            any += isTrue || isFound ? 1 : 0;
        }

        return any == 0 ? 1 : (double)both / any;
    }

    private static double SquaredDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double weight, Span<float> slope)
    {
        double sum = 0;
        float scale = (float)(2 * weight / a.Length);
        for (int i = 0; i < a.Length; i++)
        {
            float difference = a[i] - b[i];
            sum += (double)difference * difference;
            slope[i] = scale * difference;
        }

        return weight * sum / a.Length;
    }

    private static float[]? ReadMask(IMaskSet masks, int index)
    {
        var mask = new float[Pixels];
        return masks.TryRead(index, mask) ? mask : null;
    }

    private static void Check(IMaskSet masks, MaskCodecTrainingOptions options)
    {
        if (masks.Count < 1)
            throw new RecipeException("There is no mask to train on.");
        bool isPossible = options is { Steps: >= 1, BatchSize: >= 8 and <= 4096, BaseWidth: >= 1 and <= 256, VectorLength: >= 1 and <= 8192 }
            && options is { Decay: >= 0 and < 1, Commitment: >= 0 }
            && options.LearningRate > 0 && double.IsFinite(options.LearningRate) && double.IsFinite(options.Commitment);
        if (!isPossible)
        {
            throw new RecipeException(
                $"A codec cannot be trained so: {options}. Expected: at least one step, 8 to 4096 masks at a time (128 codes need as many "
                    + "vectors to begin with), a learning rate above 0, a decay below 1.");
        }
    }

    private double Update()
    {
        var batch = new List<float[]>(_options.BatchSize);
        for (int bad = 0; batch.Count < _options.BatchSize;)
        {
            if (_prefetcher.Take() is { } mask)
            {
                batch.Add(mask);
                bad = 0;
                continue;
            }

            Skipped++;
            if (++bad > 2L * _masks.Count)
                throw new RecipeException($"None of {_masks.Count} masks can be used: they are empty or cannot be read.");
        }

        using Tensor input = Input(batch);
        double loss = Compute(input);
        if (!double.IsFinite(loss))
            throw new RecipeException($"The loss of the mask codec is {loss} at update {Step + 1}. Lower the learning rate.");
        _optimiser.Update(1, _ => new StepRate(_options.LearningRate, 0));
        Step++;
        return loss;
    }

    private Func<float[]?> StartMask(long place)
    {
        long epoch = place / _masks.Count;
        if (epoch != _orderEpoch)
        {
            _order = [.. Enumerable.Range(0, _masks.Count)];
            Shuffling.Shuffle(_order, new ItemDraw(_options.Seed, epoch, 0).Random(0));
            _orderEpoch = epoch;
        }

        int index = _order[place % _masks.Count];
        return () => ReadMask(_masks, index);
    }
}
