using System.Diagnostics;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Benchmarks;

/// <summary>One answer, stage by stage, with the times of all answers so far.</summary>
internal sealed class BenchmarkRun
{
    private const int BatchSteps = 4;

    private readonly BenchmarkModel _subject;
    private readonly BenchmarkOptions _options;
    private readonly PaliGemmaModel _model;
    private readonly byte[] _picture;
    private readonly int[] _prompt;
    private readonly StageTimes _decodePicture = new("decode picture");
    private readonly StageTimes _resize = new("resize");
    private readonly StageTimes _vision;
    private readonly StageTimes _prefill;
    private readonly StageTimes _decode;
    private readonly StageTimes _decodeBatch;

    /// <summary>Prepares the picture and the prompt.</summary>
    public BenchmarkRun(BenchmarkModel subject, BenchmarkOptions options)
    {
        PaliGemmaConfig config = subject.Model.Config;
        _subject = subject;
        _options = options;
        _model = subject.Model;
        _picture = options.Picture ?? MakePicture();
        _prompt = MakePrompt(config, options.PromptTokens);

        int positions = config.ImageTokens + options.PromptTokens;
        int halfway = positions + (options.DecodeTokens / 2);
        double caches = (options.BatchSize - 1.0) * KvCache.ByteSize(config.Text, positions);
        _vision = new StageTimes("vision", operations: ModelCosts.VisionOperations(config));
        _prefill = new StageTimes("prefill", operations: ModelCosts.PrefillOperations(config, positions));
        _decode = new StageTimes("decode", bytes: ModelCosts.DecodeBytes(config, subject.Weights, halfway));
        _decodeBatch = new StageTimes($"decode x{options.BatchSize}", bytes: ModelCosts.DecodeBytes(config, subject.Weights, positions) + caches);
    }

    /// <summary>Forgets all times.</summary>
    public void Forget()
    {
        foreach (StageTimes stage in (StageTimes[])[_decodePicture, _resize, _vision, _prefill, _decode, _decodeBatch])
            stage.Clear();
    }

    /// <summary>The stages over all runs that are not forgotten.</summary>
    public IReadOnlyList<BenchmarkStage> Stages() =>
    [
        _decodePicture.ToStage(),
        _resize.ToStage(),
        _vision.ToStage(),
        _prefill.ToStage(),
        _decode.ToStage(),
        .. _options.BatchSize > 1 ? [_decodeBatch.ToStage()] : Array.Empty<BenchmarkStage>(),
    ];

    /// <summary>Answers once.</summary>
    /// <param name="limits">Measures the machine between the stages; null to leave that out.</param>
    public void Execute(MachineLimits? limits)
    {
        PaliGemmaConfig config = _model.Config;
        Image image = _decodePicture.Time(limits, () => Image.Decode(_picture));
        int size = config.Vision.ImageSize;
        using Tensor pixels = _subject.Backend.Rent(new TensorShape(1, config.Vision.Channels, size, size));
        _resize.Time(limits, () =>
        {
            _subject.Preprocessing.ToPixelValues(image, pixels.Span);
            return size;
        });
        using Tensor rows = _vision.Time(limits, () => _model.EncodeImages(pixels));

        int positions = rows.Rows + _prompt.Length;
        using var cache = new KvCache(config.Text, _subject.Backend.Pool, positions + _options.DecodeTokens);
        int token = _prefill.Time(limits, () => Next([new SequenceInput(_prompt, positions, new[] { new RowRun(rows) }, cache)]));

        int[] ids = new int[1];
        SequenceInput[] inputs = [new SequenceInput(ids, positions, Cache: cache)];
        for (int i = 0; i < _options.DecodeTokens; i++)
        {
            ids[0] = token;
            token = _decode.Time(limits, () => Next(inputs));
        }

        if (_options.BatchSize > 1)
            ExecuteBatch(cache, positions, token, limits);
    }

    /// <summary>Several sequences with copies of the cache, forgetful enough to write a few tokens more.</summary>
    private void ExecuteBatch(KvCache cache, int positions, int token, MachineLimits? limits)
    {
        cache.Truncate(positions);
        var caches = new KvCache[_options.BatchSize];
        try
        {
            var inputs = new SequenceInput[caches.Length];
            for (int i = 0; i < caches.Length; i++)
            {
                caches[i] = new KvCache(_model.Config.Text, _subject.Backend.Pool, cache.Capacity);
                caches[i].CopyFrom(cache, 0);
                inputs[i] = new SequenceInput(new[] { token }, positions, Cache: caches[i]);
            }

            for (int step = 0; step < Math.Min(BatchSteps, _options.DecodeTokens); step++)
                _decodeBatch.Time(limits, () => NextOfEach(inputs));
        }
        finally
        {
            foreach (KvCache? created in caches)
                created?.Dispose();
        }
    }

    private int Next(SequenceInput[] inputs)
    {
        using Tensor hidden = _model.Forward(inputs);
        using Tensor last = _model.SelectRows(hidden, [hidden.Rows - 1]);
        using Tensor logits = _model.Logits(last);
        return ArgMax.Of(logits.Span);
    }

    private int NextOfEach(SequenceInput[] inputs)
    {
        using Tensor hidden = _model.Forward(inputs);
        using Tensor logits = _model.Logits(hidden);
        int token = 0;
        for (int i = 0; i < inputs.Length; i++)
            token = ArgMax.Of(logits.Row(i));
        return token;
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

    /// <summary>The times of one stage, each beside the limit of the machine before and after it.</summary>
    private sealed class StageTimes(string name, double? operations = null, double? bytes = null)
    {
        private readonly List<double> _milliseconds = [];
        private readonly List<double> _shares = [];

        public T Time<T>(MachineLimits? limits, Func<T> work)
        {
            double? before = Limit(limits);
            long start = Stopwatch.GetTimestamp();
            T result = work();
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            _milliseconds.Add(elapsed.TotalMilliseconds);
            if ((operations ?? bytes) / elapsed.TotalSeconds / ((before + Limit(limits)) / 2) is { } share)
                _shares.Add(share);
            return result;
        }

        public void Clear()
        {
            _milliseconds.Clear();
            _shares.Clear();
        }

        public BenchmarkStage ToStage() => new(
            name, MachineLimits.Median(_milliseconds), _milliseconds.Min(), operations, bytes, _shares.Count == 0 ? null : MachineLimits.Median(_shares));

        private double? Limit(MachineLimits? limits) => operations is not null ? limits?.Operations() : bytes is not null ? limits?.Bytes() : null;
    }
}
