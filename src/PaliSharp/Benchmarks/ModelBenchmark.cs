using System.Diagnostics;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Benchmarks;

/// <summary>What to time.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Runs that the medians are over, at least 1; those that warm up are not counted.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>Tokens written in each run, at least 1.</summary>
    public int DecodeTokens { get; init; } = 16;

    /// <summary>Text tokens of the prompt, at least 1.</summary>
    public int PromptTokens { get; init; } = 10;

    /// <summary>Sequences that write tokens at the same time in the last stage, at least 2; 0 to leave it out.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>An encoded picture to decode and resize; null for a PNG of 1280×960 pixels made by a formula.</summary>
    public byte[]? Picture { get; init; }
}

/// <summary>Times the stages of a model through the same calls that answers take, beside the limits of the machine in the same minute.</summary>
public static class ModelBenchmark
{
    private const long BandwidthBuffer = 512L << 20;
    private const int MachineRuns = 3;
    private const int BatchSteps = 4;
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="options">What to time; null for the defaults.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Stops between stages.</param>
    /// <exception cref="ArgumentException">A number in the options is not positive.</exception>
    /// <exception cref="ImageFormatException">The picture cannot be decoded.</exception>
    /// <exception cref="PromptException">Prompt and answer are longer than the model's context.</exception>
    public static BenchmarkReport Run(
        BenchmarkModel subject, BenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        options ??= new BenchmarkOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Runs, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DecodeTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PromptTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.BatchSize, nameof(options));
        PaliGemmaConfig config = subject.Model.Config;
        int positions = config.ImageTokens + options.PromptTokens;
        if (positions + options.DecodeTokens > config.Text.MaxPositions)
            throw new PromptException($"{positions} positions and {options.DecodeTokens} tokens do not fit into a context of {config.Text.MaxPositions}.");

        double operationsBefore = MeasureOperations(subject.Backend);
        var run = new StageRun(subject, options);
        progress?.Report("warming up");
        for (long start = Stopwatch.GetTimestamp(); ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.Execute();
            if (Stopwatch.GetElapsedTime(start) > WarmUp)
                break;
        }

        run.Forget();
        for (int i = 0; i < options.Runs; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report($"run {i + 1} of {options.Runs}");
            run.Execute();
        }

        // Before the machine is measured, which takes memory of its own.
        long memory = PeakMemory();
        progress?.Report("measuring the machine");
        return new BenchmarkReport
        {
            Model = subject.Name,
            Parameters = subject.Weights.ParameterCount,
            WeightBytes = subject.Weights.ByteLength,
            PromptPositions = positions,
            Threads = subject.Backend.Team.Size,
            InstructionPath = subject.Backend.Path,
            Runs = options.Runs,
            PeakOperationsPerSecond = Math.Max(operationsBefore, MeasureOperations(subject.Backend)),
            PeakBytesPerSecond = MeasureBytes(subject.Backend),
            Stages = run.Stages(positions),
            PeakMemoryBytes = memory,
        };
    }

    // The best of several: on a shared machine the limits change from moment to moment.
    private static double MeasureOperations(CpuBackend backend) =>
        Enumerable.Range(0, MachineRuns).Max(_ => MachinePeaks.MultiplyAddRate(backend.Team, backend.Path));

    private static double MeasureBytes(CpuBackend backend)
    {
        using var buffer = new NativeBuffer(BandwidthBuffer);
        return Enumerable.Range(0, MachineRuns).Max(_ => MachinePeaks.ReadBandwidth(backend.Team, buffer));
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>One answer, stage by stage, with the times of all answers so far.</summary>
    private sealed class StageRun(BenchmarkModel subject, BenchmarkOptions options)
    {
        private readonly PaliGemmaModel _model = subject.Model;
        private readonly byte[] _picture = options.Picture ?? MakePicture();
        private readonly int[] _prompt = MakePrompt(subject.Model.Config, options.PromptTokens);
        private readonly List<double> _decodePicture = [];
        private readonly List<double> _resize = [];
        private readonly List<double> _vision = [];
        private readonly List<double> _prefill = [];
        private readonly List<double> _decode = [];
        private readonly List<double> _decodeBatch = [];

        public void Execute()
        {
            PaliGemmaConfig config = _model.Config;
            long start = Stopwatch.GetTimestamp();
            Image image = Image.Decode(_picture);
            Lap(_decodePicture, ref start);

            int size = config.Vision.ImageSize;
            using Tensor pixels = subject.Backend.Rent(new TensorShape(1, config.Vision.Channels, size, size));
            subject.Preprocessing.ToPixelValues(image, pixels.Span);
            Lap(_resize, ref start);

            using Tensor rows = _model.EncodeImages(pixels);
            Lap(_vision, ref start);

            int positions = rows.Rows + _prompt.Length;
            using var cache = new KvCache(config.Text, subject.Backend.Pool, positions + options.DecodeTokens);
            start = Stopwatch.GetTimestamp();
            int token = Next([new SequenceInput(_prompt, positions, new[] { new RowRun(rows) }, cache)]);
            Lap(_prefill, ref start);

            int[] ids = new int[1];
            SequenceInput[] inputs = [new SequenceInput(ids, positions, Cache: cache)];
            for (int i = 0; i < options.DecodeTokens; i++)
            {
                ids[0] = token;
                start = Stopwatch.GetTimestamp();
                token = Next(inputs);
                Lap(_decode, ref start);
            }

            if (options.BatchSize > 1)
                ExecuteBatch(cache, positions, token);
        }

        /// <summary>Several sequences with copies of the cache, forgetful enough to write a few tokens more.</summary>
        private void ExecuteBatch(KvCache cache, int positions, int token)
        {
            cache.Truncate(positions);
            var caches = new KvCache[options.BatchSize];
            try
            {
                var inputs = new SequenceInput[caches.Length];
                for (int i = 0; i < caches.Length; i++)
                {
                    caches[i] = new KvCache(_model.Config.Text, subject.Backend.Pool, cache.Capacity);
                    caches[i].CopyFrom(cache, 0);
                    inputs[i] = new SequenceInput(new[] { token }, positions, Cache: caches[i]);
                }

                for (int step = 0; step < Math.Min(BatchSteps, options.DecodeTokens); step++)
                {
                    long start = Stopwatch.GetTimestamp();
                    using Tensor hidden = _model.Forward(inputs);
                    using Tensor logits = _model.Logits(hidden);
                    for (int i = 0; i < caches.Length; i++)
                        _ = Largest(logits.Row(i));
                    Lap(_decodeBatch, ref start);
                }
            }
            finally
            {
                foreach (KvCache? created in caches)
                    created?.Dispose();
            }
        }

        public void Forget()
        {
            foreach (List<double> times in (List<double>[])[_decodePicture, _resize, _vision, _prefill, _decode, _decodeBatch])
                times.Clear();
        }

        public IReadOnlyList<BenchmarkStage> Stages(int positions) =>
        [
            Stage("decode picture", _decodePicture),
            Stage("resize", _resize),
            Stage("vision", _vision) with { Operations = ModelCosts.VisionOperations(_model.Config) },
            Stage("prefill", _prefill) with { Operations = ModelCosts.PrefillOperations(_model.Config, positions) },
            Stage("decode", _decode) with
            {
                Bytes = ModelCosts.DecodeBytes(_model.Config, subject.Weights, positions + (options.DecodeTokens / 2)),
            },
            .. options.BatchSize > 1 ? [Stage($"decode x{options.BatchSize}", _decodeBatch)] : Array.Empty<BenchmarkStage>(),
        ];

        private int Next(SequenceInput[] inputs)
        {
            using Tensor hidden = _model.Forward(inputs);
            using Tensor last = _model.SelectRows(hidden, [hidden.Rows - 1]);
            using Tensor logits = _model.Logits(last);
            return Largest(logits.Span);
        }

        private static int Largest(ReadOnlySpan<float> row)
        {
            int best = 0;
            for (int i = 1; i < row.Length; i++)
            {
                if (row[i] > row[best])
                    best = i;
            }

            return best;
        }

        private static void Lap(List<double> times, ref long start)
        {
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
        }

        private static BenchmarkStage Stage(string name, List<double> times)
        {
            double[] sorted = [.. times.Order()];
            int middle = sorted.Length / 2;
            double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new BenchmarkStage(name, median, sorted[0]);
        }

        private static int[] MakePrompt(PaliGemmaConfig config, int length)
        {
            int[] ids = new int[length];
            ids[0] = config.BosTokenId;
            for (int i = 1; i < length; i++)
                ids[i] = (7 * i) % config.Text.VocabularySize;
            return ids;
        }

        private static byte[] MakePicture()
        {
            const int Width = 1280;
            const int Height = 960;
            byte[] pixels = new byte[Width * Height * 3];
            for (int y = 0, at = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    for (int channel = 0; channel < 3; channel++)
                        pixels[at++] = (byte)((3 * y) + (5 * x) + (37 * channel) + (x * y / 29));
                }
            }

            using var stream = new MemoryStream();
            Image.FromPixels(Width, Height, pixels).SavePng(stream);
            return stream.ToArray();
        }
    }
}
