using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Exports;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows pieces of text with their boxes, draws and exports them.</summary>
/// <param name="host">Where to write.</param>
/// <param name="output">How.</param>
/// <param name="objects">What else is written.</param>
internal sealed class TextDetectionView(CliHost host, OutputChoice output, ObjectOutput objects) : ResultView<TextDetectionResult>(host, output)
{
    /// <inheritdoc/>
    public override void Complete() => objects.Complete([], TellWritten);

    /// <inheritdoc/>
    protected override void Show(PictureInput picture, TextDetectionResult result) => ObjectTable.Write(
        Host, $"{picture.Name} ({result.Width}x{result.Height})", [.. result.Regions.Select(region => new ObjectRow(region.Text, region.Score, region.Box))]);

    /// <inheritdoc/>
    protected override void After(PictureInput picture, Image image, TextDetectionResult result)
    {
        objects.Add(ExportPicture.Of(picture.Name, result));
        if (objects.Draw is { } draw)
            TellWritten(draw.Write(picture, result.DrawOn(image)));
    }
}
