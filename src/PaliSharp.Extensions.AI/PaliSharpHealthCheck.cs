using Microsoft.Extensions.Diagnostics.HealthChecks;
using PaliSharp.Batching;

namespace PaliSharp.Extensions.AI;

/// <summary>Tells whether the model can answer.</summary>
internal sealed class PaliSharpHealthCheck(ModelHolder holder) : IHealthCheck
{
    private const double NearlyFull = 0.9;

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!holder.IsLoaded)
            return Task.FromResult(HealthCheckResult.Unhealthy("The model is not loaded yet."));
        BatchStatistics statistics = holder.Model.GetStatistics();
        string load = $"{statistics.Running} requests in the batch, {statistics.Waiting} of at most {statistics.MaxWaiting} waiting.";
        return Task.FromResult(statistics.Waiting >= NearlyFull * statistics.MaxWaiting ? HealthCheckResult.Degraded(load) : HealthCheckResult.Healthy(load));
    }
}
