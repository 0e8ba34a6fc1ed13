using System.Collections.Concurrent;
using System.Globalization;
using PaliSharp.Segmentation;

namespace PaliSharp.Evaluation;

/// <summary>
/// The mask tokens of whole shapes. Shapes are not turned and do not overlap, so that inside its box a shape looks the same at every size: one large
/// drawing of it gives the codes, and a model does not have to learn the noise of single pixels.
/// </summary>
/// <param name="codec">Makes the codes.</param>
internal sealed class ShapeCodes(MaskCodec codec)
{
    private const int Side = 256;
    private const double Radius = 100;

    private readonly ConcurrentDictionary<string, string> _codes = new(StringComparer.Ordinal);

    /// <summary>The sixteen tokens of a shape.</summary>
    public string Of(string shape) => _codes.GetOrAdd(shape, Encode);

    private string Encode(string shape)
    {
        Mask mask = new ScenePainter(Side, Side, default).Outline(shape, Side / 2.0, Side / 2.0, Radius);
        PaliSharp.Tasks.PixelBox box = mask.Bounds!.Value;
        SegmentationTarget target = SegmentationTarget.Create(
            codec, mask, new RelativeBox((float)box.Y1 / Side, (float)box.X1 / Side, (float)box.Y2 / Side, (float)box.X2 / Side));
        return string.Concat(target.Codes.Select(code => $"<seg{code.ToString("D3", CultureInfo.InvariantCulture)}>"));
    }
}
