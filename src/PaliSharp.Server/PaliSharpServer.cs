using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PaliSharp.Hosting;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.OpenAI;
using PaliSharp.Server.Operations;
using PaliSharp.Server.Pictures;
using PaliSharp.Server.Vision;

namespace PaliSharp.Server;

/// <summary>PaliSharp over HTTP.</summary>
/// <example>
/// <code>
/// await using WebApplication server = PaliSharpServer.Create(new ServerOptions { Port = 8080 });
/// await server.RunAsync();
/// </code>
/// </example>
public static class PaliSharpServer
{
    private const string DemonstrationName = "paligemma-nano";
    private const int DrainedBodies = 4;
    private static readonly TimeSpan DrainMargin = TimeSpan.FromSeconds(5);

    /// <summary>Builds a server. Models are loaded after it was started; <c>/health/ready</c> tells when.</summary>
    /// <param name="options">What is served, to whom, and within which limits.</param>
    /// <param name="logging">Where the log goes; null for JSON lines on standard output.</param>
    /// <returns>The server, not started yet.</returns>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static WebApplication Create(ServerOptions options, Action<ILoggingBuilder>? logging = null) => Create(options, logging, FetchNetwork.Public);

    /// <summary>What kept a server from loading its models, after it stopped by itself for that reason.</summary>
    /// <param name="server">A server of <see cref="Create(ServerOptions, Action{ILoggingBuilder}?)"/>.</param>
    /// <returns>The reason; null if there is none.</returns>
    public static PaliSharpException? Failure(WebApplication server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Services.GetRequiredService<WarmUp>().Failure;
    }

    /// <summary>Builds a server that sees a network of the caller's making.</summary>
    internal static WebApplication Create(ServerOptions options, Action<ILoggingBuilder>? logging, FetchNetwork network)
    {
        ArgumentNullException.ThrowIfNull(options);
        ServerOptionsCheck.Validate(options);

        // Nothing is read from the environment or from files beside the program: what is not in the options does not happen.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "palisharp" });
        if (logging is null)
            LogAsJson(builder.Logging);
        else
            logging(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Limits.DrainDelay + options.Limits.DrainTimeout + DrainMargin);
        AddServices(builder.Services, options, network, HostOf(options));

        WebApplication app = builder.Build();
        app.UseMiddleware<OuterLayer>();
        if (options.CorsOrigins.Count > 0)
            app.UseCors();
        app.UseMiddleware<EntryCheck>();
        app.UseRouting();
        Routes.Map(app, options);
        return app;
    }

    private static ModelHost HostOf(ServerOptions options) => new(new ModelHostOptions
    {
        Models = options.Models.Count > 0 ? [.. options.Models] : [new HostedModel { Name = DemonstrationName }],
        MaxWeightBytes = options.MaxWeightBytes,
        ReloadInterval = options.ReloadInterval,
        WarmUp = static (model, cancellationToken) => model.WarmUpAsync(cancellationToken),
    });

    private static void LogAsJson(ILoggingBuilder logging) => logging
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddJsonConsole(console => console.UseUtcTimestamp = true);

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;

        // The limit itself is BoundedStream's. What exceeds it by little is read to its end, so that the caller gets to see the refusal.
        kestrel.Limits.MaxRequestBodySize = DrainedBodies * options.Limits.RequestBytes;
        kestrel.Limits.MaxConcurrentConnections = options.Limits.Connections;
        kestrel.Limits.RequestHeadersTimeout = options.Limits.HeadersTimeout;
        ListenAddress.Listen(kestrel, options.Host, options.Port);
    }

    private static void AddServices(IServiceCollection services, ServerOptions options, FetchNetwork network, ModelHost models)
    {
        services.AddRoutingCore();
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.AddSingleton(network);
        services.AddSingleton(new ApiKeys(options.ApiKeys));
        services.AddSingleton<CallerRates>();
        services.AddSingleton<Admission>();
        services.AddSingleton<Gatekeeper>();
        services.AddSingleton<BodyReader>();
        services.AddSingleton<PictureReader>();
        services.AddSingleton(_ => models);
        services.AddSingleton<PromptLog>();
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton<PrometheusText>();
        services.AddSingleton<ChatEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        services.AddSingleton<VisionEndpoint>();
        services.AddSingleton<Health>();
        services.AddSingleton<WarmUp>();
        services.AddHostedService(provider => provider.GetRequiredService<WarmUp>());
        services.AddHostedService<Drain>();
        if (options.OtlpEndpoint is not null)
            services.AddHostedService<MetricsExport>();
        if (options.CorsOrigins.Count > 0)
            services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.WithOrigins([.. options.CorsOrigins]).AllowAnyHeader().WithMethods("GET", "POST")));
    }
}
