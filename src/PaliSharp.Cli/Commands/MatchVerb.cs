using System.Globalization;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;
using Spectre.Console;

namespace PaliSharp.Cli.Commands;

/// <summary>Pictures and texts to match.</summary>
/// <param name="Pictures">The pictures.</param>
/// <param name="Texts">The texts.</param>
/// <param name="Options">The prompt and the like.</param>
/// <param name="Top">How many of the best are shown.</param>
internal sealed record MatchRequest(IReadOnlyList<PictureInput> Pictures, IReadOnlyList<string> Texts, MatchOptions Options, int Top);

/// <summary>Ranks texts for one picture, or several pictures for each text.</summary>
internal sealed class MatchVerb(CliHost host, ModelChoice choice, OutputChoice output, MatchRequest request)
{
    private readonly ProgressDisplay _progress = new(host, output);

    /// <summary>Ranks.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, new AnswerChoice(choice, output, new GenerationOptions(), AnswerOptions.DefaultBatch, Stream: false), _progress);
        (PictureInput Picture, Image? Image)[] read = [.. request.Pictures.Select(picture => (picture, picture.TryRead(host)))];
        string[] names = [.. read.Where(item => item.Image is not null).Select(item => item.Picture.Name)];
        Image[] images = [.. read.Select(item => item.Image).OfType<Image>()];
        if (images.Length == 0)
            return ExitCode.Failure;
        if (request.Pictures.Count == 1)
        {
            ClassificationResult texts = await _progress.SpinAsync("Looking", () => model.RankTextsAsync(images[0], request.Texts, request.Options, cancellationToken));
            Write(names[0], images[0], texts);
        }
        else
        {
            foreach (string text in request.Texts)
            {
                Write(names, text, await _progress.SpinAsync(
                    $"Looking at {images.Length} pictures", () => model.RankPicturesAsync(images, text, request.Options, cancellationToken)));
            }
        }

        return images.Length == request.Pictures.Count ? ExitCode.Success : ExitCode.Failure;
    }

    private void Write(string name, Image image, ClassificationResult texts)
    {
        LabelScore[] best = [.. texts.Labels.Take(request.Top)];
        if (output.Json)
        {
            JsonLines.WriteResult(host.Output, ClassificationLine.Of(name, image, texts, best));
            return;
        }

        WriteTable(name, "text", best.Select(text => (text.Label, text.Probability, text.Score)));
    }

    private void Write(string[] names, string text, IReadOnlyList<PictureMatch> pictures)
    {
        PictureMatch[] best = [.. pictures.Take(request.Top)];
        if (output.Json)
            JsonLines.WriteResult(host.Output, PictureRankingLine.Of(names, text, request.Options.Prompt, best));
        else
            WriteTable(text, "picture", best.Select(match => (names[match.Index], match.Probability, match.LogProbability)));
    }

    private void WriteTable(string title, string column, IEnumerable<(string Name, double Probability, double Score)> rows)
    {
        IAnsiConsole console = host.OutputConsole();
        console.WriteLine(TerminalText.Clean(title));
        Spectre.Console.Table table = ConsoleTable.Create(host, [column], ["probability", "score"]);
        foreach ((string name, double probability, double score) in rows)
            table.AddRow(new Text(TerminalText.Clean(name)), Number(probability, "0.0000"), Number(score, "0.000"));
        console.Write(table);
    }

    private static Text Number(double value, string format) => new(value.ToString(format, CultureInfo.InvariantCulture));
}
