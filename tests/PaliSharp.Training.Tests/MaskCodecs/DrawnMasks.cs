using PaliSharp.Segmentation;
using PaliSharp.Training.MaskCodecs;

namespace PaliSharp.Training.Tests.MaskCodecs;

/// <summary>Ellipses, rectangles, triangles and their halves, each drawn by its number: the same on every machine.</summary>
/// <param name="first">The number of the first.</param>
/// <param name="count">How many.</param>
internal sealed class DrawnMasks(int first, int count) : IMaskSet
{
    private const int Side = MaskCodec.Side;

    public int Count => count;

    public bool TryRead(int index, Span<float> target)
    {
        var random = new GaussianRandom((ulong)(first + index) + 77);
        int kind = (int)(random.Uniform() * 4);
        double x = 24 + (16 * random.Uniform());
        double y = 24 + (16 * random.Uniform());
        double width = 10 + (18 * random.Uniform());
        double height = 10 + (18 * random.Uniform());
        for (int i = 0; i < target.Length; i++)
        {
            double dx = ((i % Side) + 0.5 - x) / width;
            double dy = ((i / Side) + 0.5 - y) / height;
            target[i] = kind switch
            {
                0 => (dx * dx) + (dy * dy) < 1,
                1 => Math.Abs(dx) < 1 && Math.Abs(dy) < 1,
                2 => Math.Abs(dx) < (1 + dy) / 2 && dy < 1,
                _ => (dx * dx) + (dy * dy) < 1 && dy < 0.2,
            }
                ? 1 : 0;
        }

        return true;
    }
}
