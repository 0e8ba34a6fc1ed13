using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using PaliSharp.Server.Documents;
using PaliSharp.Server.Errors;
using PaliSharp.Server.OpenAI;
using PaliSharp.Server.Operations;
using PaliSharp.Server.Playground;
using PaliSharp.Server.Vision;

namespace PaliSharp.Server.Hosting;

/// <summary>Every route of the server.</summary>
internal static class Routes
{
    /// <summary>Adds them.</summary>
    public static void Map(WebApplication app, ServerOptions options)
    {
        IServiceProvider services = app.Services;
        Gatekeeper gate = services.GetRequiredService<Gatekeeper>();
        ModelsEndpoint models = services.GetRequiredService<ModelsEndpoint>();
        VisionEndpoint vision = services.GetRequiredService<VisionEndpoint>();

        app.MapPost("/v1/chat/completions", gate.Guard(services.GetRequiredService<ChatEndpoint>().AnswerAsync));
        app.MapGet("/v1/models", (RequestDelegate)models.ListAsync);
        app.MapGet("/v1/models/{**name}", (RequestDelegate)models.GetAsync);
        foreach (string task in VisionFields.Tasks)
            app.MapPost($"/v1/vision/{task}", gate.Guard(vision.Of(task)));
        app.MapPost("/v1/vision/batch", gate.Guard(vision.BatchAsync));

        app.MapGet("/health/live", (RequestDelegate)Health.LiveAsync);
        app.MapGet("/health/ready", (RequestDelegate)services.GetRequiredService<Health>().ReadyAsync);
        if (options.Metrics)
            app.MapGet("/metrics", (RequestDelegate)services.GetRequiredService<PrometheusText>().WriteAsync);
        app.MapGet("/openapi.json", EmbeddedFiles.OpenApi);
        if (options.Playground)
            PlaygroundRoutes.Map(app);
        app.MapFallback("{**path}", (RequestDelegate)(context => throw NotFound(context.Request)));
    }

    private static ApiException NotFound(HttpRequest request) => new(
        StatusCodes.Status404NotFound, "invalid_request_error", "not_found",
        $"There is no {request.Method} {Shown.Text(request.Path)}. The routes are listed in /openapi.json.");
}
