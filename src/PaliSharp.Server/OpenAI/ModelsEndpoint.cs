using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Models;

namespace PaliSharp.Server.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{name}</c>.</summary>
internal sealed class ModelsEndpoint(ModelCatalog models)
{
    /// <summary>Lists the models, the default first.</summary>
    public Task ListAsync(HttpContext context) =>
        JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, new ModelList("list", [.. models.Loaded.Select(Describe)]), context.RequestAborted);

    /// <summary>Describes one model.</summary>
    public Task GetAsync(HttpContext context)
    {
        string name = (string)context.GetRouteValue("name")!;
        LoadedModel model = models.Loaded.FirstOrDefault(model => model.Name == name) ?? throw ApiException.ModelNotFound(name, models.Names);
        return JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, Describe(model), context.RequestAborted);
    }

    private static ModelEntry Describe(LoadedModel model) => new(
        model.Name,
        "model",
        model.LoadedAt.ToUnixTimeSeconds(),
        "palisharp",
        model.Model.Config.Vision.ImageSize,
        model.Model.Config.ImageTokens,
        model.Model.Config.Text.MaxPositions,
        model.Model.IsBundledModel);
}
