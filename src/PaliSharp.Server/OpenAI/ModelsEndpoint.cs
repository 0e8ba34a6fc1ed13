using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PaliSharp.Hosting;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{name}</c>.</summary>
internal sealed class ModelsEndpoint(ModelHost models)
{
    /// <summary>Lists the models, the default first.</summary>
    public Task ListAsync(HttpContext context) =>
        JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, new ModelList("list", [.. models.GetState().Select(Describe)]), context.RequestAborted);

    /// <summary>Describes one model.</summary>
    public Task GetAsync(HttpContext context)
    {
        string name = (string)context.GetRouteValue("name")!;
        HostedModelState model = models.GetState().FirstOrDefault(model => model.Name == name) ?? throw new UnknownModelException(name, models.Names);
        return JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, Describe(model), context.RequestAborted);
    }

    private static ModelEntry Describe(HostedModelState state) => new(
        state.Name,
        "model",
        (state.LoadedAt ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
        "palisharp",
        state.IsLoaded,
        state.Model?.Config.Vision.ImageSize,
        state.Model?.Config.ImageTokens,
        state.Model?.Config.Text.MaxPositions,
        state.Model?.IsBundledModel);
}
