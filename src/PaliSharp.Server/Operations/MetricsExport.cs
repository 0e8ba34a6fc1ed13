using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace PaliSharp.Server.Operations;

/// <summary>Sends metrics to a collector by OTLP.</summary>
internal sealed class MetricsExport(ServerOptions options) : IHostedService, IDisposable
{
    private MeterProvider? _provider;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("palisharp"))
            .AddMeter(ServerMetrics.MeterName)
            .AddOtlpExporter(exporter =>
            {
                exporter.Endpoint = options.OtlpEndpoint!;
                exporter.Protocol = OtlpExportProtocol.Grpc;
            })
            .Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _provider?.ForceFlush();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();
}
