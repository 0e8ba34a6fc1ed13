using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using PaliSharp.Cli.Options;
using PaliSharp.Hosting;
using PaliSharp.Server;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp serve</c>: the model over HTTP.</summary>
internal static class ServeCommand
{
    private const string KeysVariable = "PALISHARP_API_KEYS";
    private const string DefaultName = "paligemma";
    private const string DemonstrationName = "paligemma-nano";

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        var model = new ModelOptions();
        var server = new ServeOptions();
        var verb = new Verb(
            "serve",
            "Serves the model over HTTP: OpenAI's chat API, a typed vision API, and a page to try it.",
            "palisharp serve",
            "palisharp serve -m google/paligemma2-3b-mix-448 --port 9000",
            "palisharp serve --name mix=google/paligemma2-3b-mix-448 --name signs=google/paligemma2-3b-pt-224 --adapter-for signs=./signs-lora",
            $"{KeysVariable}=long-secret palisharp serve --host '*'");
        model.AddTo(verb);
        server.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            ServerOptions options = server.Read(parsed, host.Variable(KeysVariable));
            ModelChoice choice = model.Read(parsed, host);
            foreach (HostedModel served in Models(choice, server.Names(parsed), server.Adapters(parsed), server.Batch(parsed), host))
                options.Models.Add(served);
            await RunAsync(host, options, choice, cancellationToken);
            return ExitCode.Success;
        });
        return verb;
    }

    private static IEnumerable<HostedModel> Models(
        ModelChoice choice, IReadOnlyList<(string Name, string Path)> named, IReadOnlyDictionary<string, string> adapters, int batch, CliHost host)
    {
        PaliGemmaOptions options = choice.ToOptions(host, batch);
        if (named.Count == 0)
            return [new HostedModel { Name = NameOf(choice.Model), Path = ModelChoice.Resolve(choice.Model, host), Options = options }];
        return choice.Model is null
            ? named.Select(item => new HostedModel
            {
                Name = item.Name,
                Path = ModelChoice.Resolve(item.Path, host),
                Options = adapters.TryGetValue(item.Name, out string? adapter) ? options with { Adapter = ModelChoice.Resolve(adapter, host) } : options,
            })
            : throw new UsageException("Both --model and --name are given. Name every model with --name NAME=MODEL.");
    }

    // The last part of a path or of OWNER/NAME@REVISION is what people call it.
    private static string NameOf(string? model)
    {
        if (model is null)
            return DemonstrationName;
        string name = System.IO.Path.GetFileName(model.TrimEnd('/', '\\').Split('@')[0]);
        return name.Length > 0 && name.All(c => c is > ' ' and <= '~') ? name : DefaultName;
    }

    private static async Task RunAsync(CliHost host, ServerOptions options, ModelChoice choice, CancellationToken cancellationToken)
    {
        if (choice.Model is null && options.Models.Count == 1 && options.Models[0].Path is null)
            host.Tell(BundledModel.Notice);
        await using WebApplication app = Create(options);
        await app.StartAsync(cancellationToken);
        host.Tell($"listening on {string.Join(", ", app.Urls)}");
        using CancellationTokenRegistration stop = cancellationToken.Register(app.Lifetime.StopApplication);
        await app.WaitForShutdownAsync(CancellationToken.None);
        if (PaliSharpServer.Failure(app) is { } failure)
            throw failure;
    }

    private static WebApplication Create(ServerOptions options)
    {
        try
        {
            return PaliSharpServer.Create(options);
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }
}
