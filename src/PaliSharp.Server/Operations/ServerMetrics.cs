using System.Diagnostics.Metrics;
using System.Globalization;
using PaliSharp.Batching;
using PaliSharp.Hosting;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.Operations;

/// <summary>What the server measures of itself. Instruments follow OpenTelemetry's naming; Prometheus sees dots as underscores.</summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "PaliSharp.Server";

    private static readonly double[] SecondBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _queueTime;
    private readonly Histogram<double> _firstText;
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _imageTokens;
    private readonly Counter<long> _answerTokens;
    private readonly Counter<long> _abandoned;
    private readonly ModelHost _models;

    /// <summary>Creates the instruments.</summary>
    public ServerMetrics(IMeterFactory factory, Admission admission, ModelHost models, PictureReader pictures, BodyReader bodies)
    {
        _models = models;
        _meter = factory.Create(MeterName);
        _duration = Seconds("palisharp.request.duration", "Time from the arrival of a request to the end of its answer.");
        _queueTime = Seconds("palisharp.request.queue_time", "Time requests for the model waited for their turn.");
        _firstText = Seconds("palisharp.request.first_text", "Time from the arrival of a streamed request to its first text.");
        _promptTokens = _meter.CreateCounter<long>("palisharp.tokens.prompt", "{token}", "Tokens of prompts, those of pictures included.");
        _imageTokens = _meter.CreateCounter<long>("palisharp.tokens.image", "{token}", "Tokens of pictures.");
        _answerTokens = _meter.CreateCounter<long>("palisharp.tokens.answer", "{token}", "Tokens written.");
        _abandoned = _meter.CreateCounter<long>("palisharp.requests.abandoned", "{request}", "Requests whose caller went away.");
        _meter.CreateObservableGauge("palisharp.requests.running", () => admission.Running, "{request}", "Requests being worked on.");
        _meter.CreateObservableGauge("palisharp.requests.waiting", () => admission.Waiting, "{request}", "Requests waiting for their turn.");
        _meter.CreateObservableGauge("palisharp.pictures.memory", () => pictures.HeldBytes, "By", "Bytes of decoded pictures held.");
        _meter.CreateObservableGauge("palisharp.bodies.memory", () => bodies.HeldBytes, "By", "Bytes of request bodies held.");
        CreateModelInstruments();
    }

    /// <summary>Counts a request.</summary>
    public void RequestEnded(string route, int status, CallRecord record, TimeSpan taken)
    {
        KeyValuePair<string, object?> routeTag = new("route", route);
        _duration.Record(taken.TotalSeconds, routeTag, new("status", status.ToString(CultureInfo.InvariantCulture)));
        if (record.IsAbandoned)
            _abandoned.Add(1, routeTag);
        if (record.Model is null)
            return;
        KeyValuePair<string, object?> model = new("model", record.Model);
        _queueTime.Record(record.Queued.TotalSeconds, model);
        if (record.FirstText is { } firstText)
            _firstText.Record(firstText.TotalSeconds, model);
        _promptTokens.Add(record.PromptTokens, model);
        _imageTokens.Add(record.ImageTokens, model);
        _answerTokens.Add(record.AnswerTokens, model);
    }

    /// <summary>Releases the instruments.</summary>
    public void Dispose() => _meter.Dispose();

    private void CreateModelInstruments()
    {
        Gauge("palisharp.batch.waiting", "{request}", "Requests that wait for a place in a model's batch.", statistics => statistics.Waiting);
        Gauge("palisharp.batch.running", "{request}", "Requests in a model's batch.", statistics => statistics.Running);
        Gauge("palisharp.batch.decoding", "{request}", "Requests of the batch that write their answers.", statistics => statistics.Decoding);
        Gauge("palisharp.kv_cache.memory", "By", "Bytes of keys and values set aside.", statistics => statistics.KvCacheBytes);
        Gauge("palisharp.picture_cache.memory", "By", "Bytes of encoded pictures kept.", statistics => statistics.PictureCacheBytes);
        Gauge("palisharp.pool.memory", "By", "Bytes the model's memory pool holds.", statistics => statistics.PoolBytes);
        Count("palisharp.picture_cache.hits", "{picture}", "Pictures that were found encoded.", statistics => statistics.PictureCacheHits);
        Count("palisharp.picture_cache.misses", "{picture}", "Pictures that had to be encoded.", statistics => statistics.PictureCacheMisses);
        Count("palisharp.batch.decode_steps", "{step}", "Steps in which every decoding request wrote one token.", statistics => statistics.DecodeSteps);
        Count("palisharp.batch.generated_tokens", "{token}", "Tokens written by the model.", statistics => statistics.GeneratedTokens);
    }

    private Histogram<double> Seconds(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = SecondBounds });

    private void Gauge(string name, string unit, string description, Func<BatchStatistics, long> read) =>
        _meter.CreateObservableGauge(name, () => Measure(read), unit, description);

    private void Count(string name, string unit, string description, Func<BatchStatistics, long> read) =>
        _meter.CreateObservableCounter(name, () => Measure(read), unit, description);

    private IEnumerable<Measurement<long>> Measure(Func<BatchStatistics, long> read) =>
        _models.GetState().Where(state => state.Model is not null)
            .Select(state => new Measurement<long>(read(state.Model!.GetStatistics()), new KeyValuePair<string, object?>("model", state.Name)));
}
