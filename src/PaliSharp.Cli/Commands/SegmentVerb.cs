using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>Things whose masks are to be found in pictures.</summary>
/// <param name="Things">What to find.</param>
/// <param name="Pictures">Where.</param>
/// <param name="Choice">The model, how it answers, how the answer is shown.</param>
/// <param name="Segmentation">Grammar, and how answers are read.</param>
internal sealed record SegmentRequest(IReadOnlyList<string> Things, IReadOnlyList<PictureInput> Pictures, AnswerChoice Choice, SegmentationOptions Segmentation)
{
    /// <summary>Where to draw; null for nowhere.</summary>
    public DrawTarget? Draw { get; init; }

    /// <summary>Where masks are written; null for nowhere.</summary>
    public MaskFolder? Masks { get; init; }
}

/// <summary>Segments all pictures and shows the objects.</summary>
internal sealed class SegmentVerb(CliHost host, SegmentRequest request)
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
            (PictureInput Picture, Image Image)[] read =
                [.. batch.Select(picture => (picture, Image: picture.TryRead(host))).Where(item => item.Image is not null).Select(item => (item.picture, item.Image!))];
            failures += batch.Length - read.Length;
            IReadOnlyList<SegmentationResult> results = await _progress.SpinAsync(
                request.Pictures.Count == 1 ? "Looking" : $"Pictures {done + 1} to {done + batch.Length} of {request.Pictures.Count}",
                () => model.SegmentBatchAsync([.. read.Select(item => item.Image)], request.Things, request.Choice.Generation, request.Segmentation, cancellationToken));
            for (int i = 0; i < results.Count; i++)
                Write(read[i].Picture, read[i].Image, results[i]);
            done += batch.Length;
        }

        return failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void Write(PictureInput picture, Image image, SegmentationResult result)
    {
        string[]? files = request.Masks is null ? null : [.. result.Segments.Select((found, i) => request.Masks.Write(picture, i, found.Mask))];
        if (request.Choice.Output.Json)
        {
            JsonLines.Write(host.Output, SegmentationLine.Of(picture.Name, result, files));
        }
        else
        {
            SegmentationTable.Write(host, picture.Name, result);
            foreach (string warning in result.Warnings)
                _progress.Note($"note: {picture.Name}: {warning}");
        }

        foreach (string file in files ?? [])
            TellWritten(file);
        if (request.Draw is not null)
            TellWritten(request.Draw.Write(picture, result.DrawOn(image)));
    }

    private void TellWritten(string path)
    {
        if (request.Choice.Output.Json)
            _progress.Note($"wrote {path}");
        else
            host.Output.WriteLine($"wrote {TerminalText.Clean(path)}");
    }
}
