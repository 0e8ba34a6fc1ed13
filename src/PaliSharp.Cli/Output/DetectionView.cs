using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Exports;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows boxes, draws and exports them.</summary>
/// <param name="host">Where to write.</param>
/// <param name="output">How.</param>
/// <param name="things">What was looked for.</param>
/// <param name="objects">What else is written.</param>
internal sealed class DetectionView(CliHost host, OutputChoice output, IReadOnlyList<string> things, ObjectOutput objects) : ResultView<DetectionResult>(host, output)
{
    /// <inheritdoc/>
    public override void Complete() => objects.Complete(things, TellWritten);

    /// <inheritdoc/>
    protected override void Show(PictureInput picture, DetectionResult result) => ObjectTable.Write(
        Host, $"{picture.Name} ({result.Width}x{result.Height})", [.. result.Detections.Select(found => new ObjectRow(found.Label, found.Score, found.Box))]);

    /// <inheritdoc/>
    protected override void After(PictureInput picture, Image image, DetectionResult result)
    {
        objects.Add(ExportPicture.Of(picture.Name, result));
        if (objects.Draw is { } draw)
            TellWritten(draw.Write(picture, result.DrawOn(image)));
    }
}
