using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>Things to find in pictures.</summary>
/// <param name="Things">What to find.</param>
/// <param name="Pictures">Where.</param>
/// <param name="Choice">The model, how it answers, how the answer is shown.</param>
/// <param name="Detection">Grammar, de-duplication and the like.</param>
/// <param name="Draw">Where to draw; null for nowhere.</param>
internal sealed record DetectRequest(
    IReadOnlyList<string> Things, IReadOnlyList<PictureInput> Pictures, AnswerChoice Choice, DetectionOptions Detection, DrawTarget? Draw);

/// <summary>Finds things in all pictures and shows them.</summary>
internal sealed class DetectVerb(CliHost host, DetectRequest request)
{
    private readonly ProgressDisplay _progress = new(host, request.Choice.Output);

    /// <summary>Answers for all pictures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, request.Choice, _progress);
        int done = 0;
        int failures = 0;
        foreach (PictureInput[] batch in request.Pictures.Chunk(request.Choice.Batch))
        {
            var pictures = new List<PictureInput>();
            var images = new List<Image>();
            foreach (PictureInput picture in batch)
            {
                if (picture.TryRead(host) is { } image)
                {
                    pictures.Add(picture);
                    images.Add(image);
                }
            }

            failures += batch.Length - images.Count;
            IReadOnlyList<DetectionResult> results = await _progress.SpinAsync(
                request.Pictures.Count == 1 ? "Looking" : $"Pictures {done + 1} to {done + batch.Length} of {request.Pictures.Count}",
                () => model.DetectBatchAsync(images, request.Things, request.Detection, request.Choice.Generation, cancellationToken));
            for (int i = 0; i < results.Count; i++)
                Write(pictures[i], images[i], results[i]);
            done += batch.Length;
        }

        return failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void Write(PictureInput picture, Image image, DetectionResult result)
    {
        if (request.Choice.Output.Json)
        {
            JsonLines.Write(host.Output, DetectionLine.Of(picture.Name, result));
        }
        else
        {
            DetectionTable.Write(host, picture.Name, result);
            foreach (string warning in result.Warnings)
                _progress.Note($"note: {picture.Name}: {warning}");
        }

        if (request.Draw is null)
            return;
        string path = request.Draw.Write(picture, result.DrawOn(image));
        if (request.Choice.Output.Json)
            _progress.Note($"wrote {path}");
        else
            host.Output.WriteLine($"wrote {TerminalText.Clean(path)}");
    }
}
