using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace PaliSharp.Server.Operations;

/// <summary>Collects the server's instruments and gives them in Prometheus' text format (version 0.0.4).</summary>
internal sealed class PrometheusText : IDisposable
{
    // A caller cannot make series: routes, statuses and models are the server's own. This bounds mistakes.
    private const int MaximumSeries = 2000;

    private static readonly double[] DefaultBounds = [0.01, 0.1, 1, 10, 100];

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<Instrument, Dictionary<string, Series>> _instruments = [];
    private int _seriesCount;

    /// <summary>Starts to listen to the meters that a factory makes.</summary>
    /// <param name="factory">The factory; meters of other servers in the process are not its own.</param>
    public PrometheusText(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Meter.Name == ServerMetrics.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Answers <c>GET /metrics</c>.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return context.Response.WriteAsync(Render(), context.RequestAborted);
    }

    /// <summary>All metrics as text.</summary>
    public string Render()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_lock)
        {
            foreach ((Instrument instrument, Dictionary<string, Series> series) in _instruments.OrderBy(pair => pair.Key.Name, StringComparer.Ordinal))
                Render(text, instrument, series.Values);
        }

        return text.ToString();
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener.Dispose();

    private static void Render(StringBuilder text, Instrument instrument, IEnumerable<Series> all)
    {
        bool isCounter = IsCounter(instrument);
        string name = instrument.Name.Replace('.', '_') + UnitSuffix(instrument.Unit) + (isCounter ? "_total" : string.Empty);
        string type = isCounter ? "counter" : IsHistogram(instrument) ? "histogram" : "gauge";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {type}\n");
        foreach (Series series in all)
        {
            if (!IsHistogram(instrument))
            {
                Line(text, name, series.Labels, series.Value);
                continue;
            }

            long cumulative = 0;
            for (int i = 0; i < series.Bounds.Length; i++)
            {
                cumulative += series.Counts[i];
                Line(text, name + "_bucket", Join(series.Labels, $"le=\"{Number(series.Bounds[i])}\""), cumulative);
            }

            Line(text, name + "_bucket", Join(series.Labels, "le=\"+Inf\""), series.Count);
            Line(text, name + "_sum", series.Labels, series.Value);
            Line(text, name + "_count", series.Labels, series.Count);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Join(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";

    private static string UnitSuffix(string? unit) => unit switch { "s" => "_seconds", "By" => "_bytes", _ => string.Empty };

    private static bool IsCounter(Instrument instrument) => instrument is Counter<long> or ObservableCounter<long>;

    private static bool IsHistogram(Instrument instrument) => instrument is Histogram<double>;

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return string.Empty;
        var text = new StringBuilder();
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(tag.Key).Append("=\"").Append(Escape(tag.Value?.ToString() ?? string.Empty)).Append('"');
        }

        return text.ToString();
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = LabelsOf(tags);
        lock (_lock)
        {
            if (!_instruments.TryGetValue(instrument, out Dictionary<string, Series>? all))
                _instruments.Add(instrument, all = new Dictionary<string, Series>(StringComparer.Ordinal));
            if (!all.TryGetValue(labels, out Series? series))
            {
                if (_seriesCount == MaximumSeries)
                    return;
                _seriesCount++;
                double[] bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? DefaultBounds;
                all.Add(labels, series = new Series(labels, bounds));
            }

            if (instrument.IsObservable)
                series.Value = value;
            else
                series.Add(value);
        }
    }

    private sealed class Series(string labels, double[] bounds)
    {
        public string Labels => labels;

        public double[] Bounds => bounds;

        public long[] Counts { get; } = new long[bounds.Length + 1];

        public long Count { get; private set; }

        public double Value { get; set; }

        public void Add(double value)
        {
            int bucket = Array.FindIndex(bounds, bound => value <= bound);
            Counts[bucket < 0 ? bounds.Length : bucket]++;
            Count++;
            Value += value;
        }
    }
}
