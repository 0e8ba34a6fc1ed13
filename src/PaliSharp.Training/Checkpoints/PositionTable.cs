using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Checkpoints;

/// <summary>Brings the position table of the image encoder to another resolution (big_vision <c>vit.py: resample_posemb</c>).</summary>
public static class PositionTable
{
    /// <summary>Resamples linearly along both edges, corners on corners.</summary>
    /// <param name="table">[from², width], patches row by row.</param>
    /// <param name="to">The patches along an edge of the new resolution, at least 1.</param>
    /// <returns>[to², width] in float32, under the same name.</returns>
    /// <exception cref="ArgumentException">The table is not square.</exception>
    public static unsafe Weight Resample(Weight table, int to)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, 1);
        int width = table.Shape.Columns;
        int from = (int)Math.Round(Math.Sqrt(table.Shape.Rows));
        if (from * from != table.Shape.Rows)
            throw new ArgumentException($"'{table.Name}' of {table.Shape.Rows} positions is no square grid.", nameof(table));
        float[] source = new float[table.Shape.Count];
        table.CopyTo(source);
        var shape = new TensorShape(checked(to * to), width);
        float[] result = new float[shape.Count];
        for (int y = 0; y < to; y++)
        {
            (int top, int bottom, double down) = Neighbours(y, from, to);
            for (int x = 0; x < to; x++)
            {
                (int left, int right, double across) = Neighbours(x, from, to);
                Span<float> target = result.AsSpan(((y * to) + x) * width, width);
                for (int i = 0; i < width; i++)
                {
                    double At(int row, int column) => source[(((row * from) + column) * width) + i];
                    double upper = ((1 - across) * At(top, left)) + (across * At(top, right));
                    double lower = ((1 - across) * At(bottom, left)) + (across * At(bottom, right));
                    target[i] = (float)(((1 - down) * upper) + (down * lower));
                }
            }
        }

        return Weight.FromValues(table.Name, shape, result);
    }

    /// <summary>The configuration at another resolution.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="imageSize">The edge of the picture in pixels; a multiple of the patch.</param>
    /// <exception cref="RecipeException">The size is not a multiple of the patch.</exception>
    public static PaliGemmaConfig AtResolution(PaliGemmaConfig config, int imageSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        int patch = config.Vision.PatchSize;
        return imageSize >= patch && imageSize % patch == 0
            ? config with { Vision = config.Vision with { ImageSize = imageSize } }
            : throw new RecipeException($"A resolution of {imageSize} pixels is no multiple of the patch of {patch} pixels. Choose one that is, such as {Math.Max(1, imageSize / patch) * patch}.");
    }

    private static (int Low, int High, double Part) Neighbours(int index, int from, int to)
    {
        double position = to == 1 ? 0 : (double)index * (from - 1) / (to - 1);
        int low = Math.Min((int)position, from - 1);
        return (low, Math.Min(low + 1, from - 1), position - low);
    }
}
