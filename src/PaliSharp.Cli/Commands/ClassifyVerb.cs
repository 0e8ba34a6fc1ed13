using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;
using Spectre.Console;

namespace PaliSharp.Cli.Commands;

/// <summary>Pictures and the labels to rank for them.</summary>
/// <param name="Pictures">The pictures.</param>
/// <param name="Labels">The labels.</param>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Scoring">What labels are compared by.</param>
internal sealed record ClassifyRequest(IReadOnlyList<PictureInput> Pictures, IReadOnlyList<string> Labels, string Prompt, LabelScoring Scoring)
{
    /// <summary>How many of the best labels are shown.</summary>
    public int Top { get; init; } = int.MaxValue;
}

/// <summary>Ranks labels for all pictures and shows them.</summary>
internal sealed class ClassifyVerb(CliHost host, ModelChoice choice, OutputChoice output, ClassifyRequest request)
{
    private readonly ProgressDisplay _progress = new(host, output);

    /// <summary>Answers for all pictures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, new AnswerChoice(choice, output, new GenerationOptions(), Batch: 1, Stream: false), _progress);
        var options = new ClassificationOptions { Scoring = request.Scoring };
        int failures = 0;
        for (int i = 0; i < request.Pictures.Count; i++)
        {
            PictureInput picture = request.Pictures[i];
            if (picture.TryRead(host) is not { } image)
            {
                failures++;
                continue;
            }

            ClassificationResult result = await _progress.SpinAsync(
                request.Pictures.Count == 1 ? "Looking" : $"Picture {i + 1} of {request.Pictures.Count}",
                () => model.ClassifyAsync(image, request.Labels, request.Prompt, options, cancellationToken));
            Write(picture, image, result);
        }

        return failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void Write(PictureInput picture, Image image, ClassificationResult result)
    {
        LabelScore[] best = [.. result.Labels.Take(request.Top)];
        if (output.Json)
        {
            JsonLines.Write(host.Output, ClassificationLine.Of(picture.Name, image, result, best));
            return;
        }

        IAnsiConsole console = host.OutputConsole();
        console.WriteLine($"{TerminalText.Clean(picture.Name)} ({image.Width}x{image.Height})");
        Table table = new Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii }
            .AddColumn("label")
            .AddColumn(new TableColumn("probability").RightAligned())
            .AddColumn(new TableColumn("score").RightAligned());
        foreach (LabelScore label in best)
            table.AddRow(new Text(TerminalText.Clean(label.Label)), new Text(label.Probability.ToString("0.0000")), new Text(label.Score.ToString("0.000")));
        console.Write(table);
    }
}
