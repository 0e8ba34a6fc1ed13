using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using PaliSharp.Server.Documents;

namespace PaliSharp.Server.Playground;

/// <summary>The page to try the model in a browser, and the pictures it offers.</summary>
internal static class PlaygroundRoutes
{
    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
    };

    /// <summary>Adds the routes of the page, its files and the samples.</summary>
    public static void Map(WebApplication app)
    {
        app.MapGet("/", Serve("playground/index.html"));
        foreach (string name in typeof(PlaygroundRoutes).Assembly.GetManifestResourceNames())
        {
            if (name.StartsWith("playground/", StringComparison.Ordinal) || name.StartsWith("samples/", StringComparison.Ordinal))
                app.MapGet($"/{name}", Serve(name));
        }
    }

    private static RequestDelegate Serve(string name) => EmbeddedFiles.Serve(name, ContentTypes[Path.GetExtension(name)]);
}
