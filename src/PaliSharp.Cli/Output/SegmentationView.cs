using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Exports;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows objects with masks, draws and exports them, writes their masks.</summary>
/// <param name="host">Where to write.</param>
/// <param name="output">How.</param>
/// <param name="things">What was looked for.</param>
/// <param name="objects">What else is written.</param>
/// <param name="masks">Where masks are written; null for nowhere.</param>
internal sealed class SegmentationView(CliHost host, OutputChoice output, IReadOnlyList<string> things, ObjectOutput objects, MaskFolder? masks)
    : ResultView<SegmentationResult>(host, output)
{
    private IReadOnlyList<string>? _files;

    /// <inheritdoc/>
    public override void Complete() => objects.Complete(things, TellWritten);

    /// <inheritdoc/>
    protected override ResultLine Line(PictureInput picture, Image image, SegmentationResult result) =>
        SegmentationLine.Of(picture.Name, result, _files = WriteMasks(picture, result));

    /// <inheritdoc/>
    protected override void Show(PictureInput picture, SegmentationResult result)
    {
        _files = WriteMasks(picture, result);
        ObjectTable.Write(
            Host,
            $"{picture.Name} ({result.Width}x{result.Height})",
            [.. result.Segments.Select(found => new ObjectRow(found.Label, found.Score, found.Box, found.Mask.Area))]);
    }

    /// <inheritdoc/>
    protected override void After(PictureInput picture, Image image, SegmentationResult result)
    {
        foreach (string file in _files ?? [])
            TellWritten(file);
        objects.Add(ExportPicture.Of(picture.Name, result));
        if (objects.Draw is { } draw)
            TellWritten(draw.Write(picture, result.DrawOn(image)));
    }

    private string[]? WriteMasks(PictureInput picture, SegmentationResult result) =>
        masks is null ? null : [.. result.Segments.Select((found, i) => masks.Write(picture, i, found.Mask))];
}
