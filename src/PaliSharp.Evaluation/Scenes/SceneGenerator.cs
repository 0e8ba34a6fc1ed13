using PaliSharp.Imaging.Text;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>
/// Draws scenes of up to four coloured shapes and sometimes a word on plain, graded or noisy backgrounds: what the demonstration model knows. The same
/// seed and number give the same scene everywhere.
/// </summary>
/// <param name="seed">The seed of all scenes.</param>
/// <param name="fonts">The fonts that words are written in; null for the embedded one alone.</param>
public sealed class SceneGenerator(ulong seed, IReadOnlyList<Font>? fonts = null)
{
    private const int Attempts = 6;
    private const int LeastContrast = 70;

    private static readonly (int Width, int Height)[] Sizes = [(224, 224), (240, 200), (200, 260), (320, 240), (256, 256), (180, 240)];

    internal static readonly (string Name, byte R, byte G, byte B)[] ColorValues =
    [
        ("red", 214, 40, 40),
        ("green", 46, 160, 67),
        ("blue", 33, 102, 210),
        ("yellow", 245, 205, 40),
        ("purple", 130, 60, 180),
        ("orange", 245, 130, 30),
        ("black", 20, 20, 20),
        ("white", 250, 250, 250),
    ];

    internal static readonly (string Name, byte R, byte G, byte B)[] BackgroundValues =
    [
        ("white", 255, 255, 255),
        ("gray", 150, 150, 150),
        ("black", 12, 12, 12),
        ("beige", 235, 222, 196),
        ("light blue", 190, 220, 245),
        ("pink", 250, 205, 215),
    ];

    private static readonly string[] Words =
    [
        "OPEN", "SALE", "STOP", "EXIT", "HELLO", "CAFE", "2026", "TAXI", "MENU", "PARK", "HOME", "BANK", "FISH", "BOOK", "LOVE", "RUN",
        "SKY", "SUN", "TEA", "ZOO", "42", "100", "7", "PALI", "NANO", "C#", "YES", "NO", "GO", "UP",
    ];

    /// <summary>The shapes there are.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["circle", "square", "triangle", "star", "ring", "cross", "hexagon", "rectangle"];

    /// <summary>The colours of shapes.</summary>
    public static IReadOnlyList<string> Colors { get; } = [.. ColorValues.Select(color => color.Name)];

    /// <summary>The colours of backgrounds.</summary>
    public static IReadOnlyList<string> Backgrounds { get; } = [.. BackgroundValues.Select(color => color.Name)];

    /// <summary>Draws a scene.</summary>
    /// <param name="index">Its number, at least 0.</param>
    public Scene Draw(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        SceneRandom random = SceneRandom.For(seed, index);
        (int width, int height) = random.Pick(Sizes);
        (string Name, byte R, byte G, byte B) background = random.Pick(BackgroundValues);
        var painter = new ScenePainter(width, height, (background.R, background.G, background.B));
        if (random.Share() < 0.3)
            painter.Grade(random.Share() < 0.5 ? 22 : -22);
        SceneText? text = random.Share() < 0.3 ? Write(painter, random, background) : null;
        List<SceneObject> objects = Place(painter, random, background, text);
        if (random.Share() < 0.3)
            painter.AddNoise(random, random.Between(2, 10));
        return new Scene
        {
            Image = painter.ToImage(),
            Background = background.Name,
            Objects = [.. objects.OrderBy(item => Math.Round(item.Box.Y1 / height, 1)).ThenBy(item => item.Box.X1)],
            Text = text,
        };
    }

    private SceneText? Write(ScenePainter painter, SceneRandom random, (string Name, byte R, byte G, byte B) background)
    {
        const string Letters = "ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789";
        string word = random.Share() < 0.6
            ? random.Pick(Words)
            : string.Concat(Enumerable.Range(0, 1 + random.Below(4)).Select(_ => Letters[random.Below(Letters.Length)]));
        int shorter = Math.Min(painter.Width, painter.Height);
        float size = (float)random.Between(shorter * 0.2, shorter * 0.3);
        Font font = fonts is null ? Font.Default : random.Pick(fonts);
        (double width, double height) = ScenePainter.Measure(word, font, size);
        if (width >= painter.Width * 0.95 || height >= painter.Height - 4)
            return null;
        int x = (int)random.Between(2, painter.Width - width - 2);
        int y = (int)random.Between(2, painter.Height - height - 2);
        double light = Light(background);
        (byte R, byte G, byte B) color = light > 110 ? ((byte)15, (byte)15, (byte)15) : ((byte)245, (byte)245, (byte)245);
        (string Name, byte R, byte G, byte B)[] others = [.. ColorValues.Where(other => Math.Abs(Light(other) - light) > LeastContrast)];
        if (random.Share() < 0.4 && others.Length > 0)
        {
            (string Name, byte R, byte G, byte B) other = random.Pick(others);
            color = (other.R, other.G, other.B);
        }

        return new SceneText(word, painter.Write(word, font, size, x, y, color));
    }

    private static List<SceneObject> Place(ScenePainter painter, SceneRandom random, (string Name, byte R, byte G, byte B) background, SceneText? text)
    {
        int count = random.Weighted([text is null ? 0 : 0.1, 0.35, 0.3, 0.2, 0.1]);
        List<BoundingBox> taken = text is null ? [] : [text.Box];

        // Several of one kind now and then, so that counting matters.
        string? fixedShape = random.Share() < 0.35 ? random.Pick(Shapes) : null;
        (string Name, byte R, byte G, byte B)? fixedColor = fixedShape is not null && random.Share() < 0.5 ? random.Pick(ColorValues) : null;
        var objects = new List<SceneObject>();
        for (int attempt = 0; attempt < count * Attempts && objects.Count < count; attempt++)
        {
            string shape = fixedShape ?? random.Pick(Shapes);
            (string Name, byte R, byte G, byte B) color = fixedColor ?? random.Pick(ColorValues);
            if (Contrast(color, background) < LeastContrast)
            {
                fixedColor = null;
                continue;
            }

            if (TryPlace(painter, random, shape, color, count, taken) is { } placed)
                objects.Add(placed);
        }

        return objects;
    }

    private static SceneObject? TryPlace(
        ScenePainter painter, SceneRandom random, string shape, (string Name, byte R, byte G, byte B) color, int count, List<BoundingBox> taken)
    {
        int shorter = Math.Min(painter.Width, painter.Height);
        double radius = random.Between(0.09, count > 2 ? 0.24 : 0.34) * shorter;
        double x = random.Between((radius * 1.2) + 1, painter.Width - (radius * 1.2) - 1);
        double y = random.Between(radius + 1, painter.Height - radius - 1);
        Mask mask = painter.Outline(shape, x, y, radius);
        if (mask.Bounds is not { } bounds)
            return null;
        var box = new BoundingBox(bounds.X1, bounds.Y1, bounds.X2, bounds.Y2);
        double gapX = 0.01 * painter.Width;
        double gapY = 0.01 * painter.Height;
        if (taken.Exists(other => box.X2 > other.X1 - gapX && other.X2 > box.X1 - gapX && box.Y2 > other.Y1 - gapY && other.Y2 > box.Y1 - gapY))
            return null;
        taken.Add(box);
        painter.Fill(mask, (color.R, color.G, color.B));
        return new SceneObject(shape, color.Name, box, mask, radius / shorter);
    }

    private static double Light((string Name, byte R, byte G, byte B) color) => (color.R + color.G + color.B) / 3.0;

    private static int Contrast((string Name, byte R, byte G, byte B) a, (string Name, byte R, byte G, byte B) b) =>
        Math.Max(Math.Abs(a.R - b.R), Math.Max(Math.Abs(a.G - b.G), Math.Abs(a.B - b.B)));
}
