using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace PaliSharp.Extensions.AI;

/// <summary>Adds PaliSharp to a program's services.</summary>
public static class ServiceCollectionExtensions
{
    private const string HealthCheckName = "palisharp";

    /// <summary>Adds a <see cref="PaliGemma"/> and an <see cref="IChatClient"/> on it, both as singletons.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options; null for the demonstration model with the defaults.</param>
    /// <exception cref="OptionsValidationException">At the start of the program: an option makes no sense.</exception>
    public static IServiceCollection AddPaliSharp(this IServiceCollection services, Action<PaliSharpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        Add(services).Configure(configure ?? (static _ => { }));
        return services;
    }

    /// <summary>Adds a <see cref="PaliGemma"/> and an <see cref="IChatClient"/> on it, both as singletons, with options of the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section that holds the options, by the names of <see cref="PaliSharpOptions"/>.</param>
    /// <exception cref="OptionsValidationException">At the start of the program: an option makes no sense.</exception>
    public static IServiceCollection AddPaliSharp(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        Add(services).Bind(section);
        return services;
    }

    /// <summary>Adds a health check: unhealthy until the model is loaded, degraded while its queue is nearly full.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">What the check is called.</param>
    /// <param name="tags">Tags to choose it by.</param>
    public static IHealthChecksBuilder AddPaliSharp(this IHealthChecksBuilder builder, string name = HealthCheckName, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, provider => new PaliSharpHealthCheck(provider.GetRequiredService<ModelHolder>()), null, tags));
    }

    private static OptionsBuilder<PaliSharpOptions> Add(IServiceCollection services)
    {
        services.TryAddSingleton<IValidateOptions<PaliSharpOptions>, PaliSharpOptionsValidator>();
        services.TryAddSingleton<ModelHolder>();
        services.TryAddSingleton(static provider => provider.GetRequiredService<ModelHolder>().Model);
        services.TryAddSingleton<IChatClient>(static provider =>
        {
            PaliSharpOptions options = provider.GetRequiredService<IOptions<PaliSharpOptions>>().Value;
            return new PaliSharpChatClient(
                provider.GetRequiredService<ModelHolder>().Model,
                new PaliSharpChatOptions { ModelId = options.ModelId, History = options.History, DefaultMaxTokens = options.DefaultMaxTokens });
        });
        services.AddHostedService<ModelStart>();
        return services.AddOptions<PaliSharpOptions>().ValidateOnStart();
    }
}
