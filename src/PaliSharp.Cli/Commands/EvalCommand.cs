using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Evaluation;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp eval</c>: how well a model knows drawn scenes.</summary>
internal static class EvalCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<int?> scenes = new Option<int?>("--scenes") { Description = "How many scenes are drawn. Default: 200.", HelpName = "N" }.Between(1, 100_000);
        Option<int?> pages = new Option<int?>("--pages")
        {
            Description = "How many text lines, charts and tables are drawn beside them, of each. Default: 50.",
            HelpName = "N",
        }.Between(0, 100_000);
        Option<ulong?> seed = new("--seed") { Description = "Draws other scenes.", HelpName = "SEED" };
        Option<string?> run = new("--run")
        {
            Description = "Ask one after the other, each skill together, or all mixed (default); or in all three ways, which fails unless every answer is the same.",
        };
        run.AcceptOnlyFromAmong("single", "batch", "mixed", EvalVerb.AllRuns);
        var model = new ModelOptions();
        var output = new OutputOptions();
        var verb = new Verb(
            "eval",
            "Draws scenes and pages, asks a model about them and scores its answers: captions, boxes, masks, counts, colours, positions, text, charts, tables.",
            "palisharp eval",
            "palisharp eval --scenes 50 --run single --json",
            "palisharp eval --run all")
        {
            scenes,
            pages,
            seed,
            run,
        };
        model.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string how = parsed.GetValue(run) ?? nameof(SceneRun.Mixed);
            bool compares = how == EvalVerb.AllRuns;
            var options = new SceneEvaluationOptions { Run = compares ? SceneRun.Mixed : Enum.Parse<SceneRun>(how, ignoreCase: true) };
            if (parsed.GetValue(scenes) is { } count)
                options = options with { Scenes = count };
            if (parsed.GetValue(seed) is { } chosen)
                options = options with { Seed = chosen };
            return new EvalVerb(host, model.Read(parsed, host), output.Read(parsed), options, parsed.GetValue(pages) ?? 50, compares).RunAsync(cancellationToken);
        });
        return verb;
    }
}
