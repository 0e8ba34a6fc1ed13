using PaliSharp.Imaging.Text;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>Draws text lines, bar charts and tables in several fonts and sizes. The same seed, kind and number give the same page everywhere.</summary>
/// <param name="seed">The seed of all pages.</param>
public sealed class PageGenerator(ulong seed)
{
    private static readonly (int Width, int Height)[] LineSizes = [(224, 96), (240, 120), (200, 100), (256, 128), (224, 160)];

    private static readonly string[] Words =
    [
        "the", "and", "you", "open", "door", "red", "blue", "green", "star", "moon", "sun", "tree", "fish", "bird", "cat", "dog", "house", "home", "book",
        "road", "river", "lake", "hill", "stone", "bread", "milk", "tea", "cup", "plate", "table", "chair", "lamp", "light", "dark", "day", "night",
        "week", "year", "time", "clock", "left", "right", "stop", "go", "slow", "fast", "new", "old", "big", "small", "hot", "cold", "sale", "free",
        "price", "menu", "exit", "park", "bank", "taxi", "bus", "train", "north", "south", "east", "west", "one", "two", "three", "four", "five", "six",
        "yes", "no", "please", "hello", "love", "music", "paper", "glass", "gold", "iron", "wood", "wind", "rain", "snow",
    ];

    private readonly ulong _seed = seed;

    /// <summary>Draws a page.</summary>
    /// <param name="kind">What it shows.</param>
    /// <param name="index">Its number, at least 0.</param>
    public Page Draw(PageKind kind, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        SceneRandom random = SceneRandom.For(_seed ^ (0x9A6E5UL * (ulong)(kind + 1)), index);
        return kind switch
        {
            PageKind.Chart => ChartPage.Draw(random),
            PageKind.Table => TablePage.Draw(random),
            _ => DrawLine(random),
        };
    }

    /// <summary>A word in one of three ways of writing, or a number.</summary>
    internal static string Word(SceneRandom random)
    {
        if (random.Share() < 0.2)
            return $"{random.Below((int)Math.Pow(10, 1 + random.Below(4)))}";
        string word = random.Pick(Words);
        return random.Below(3) switch
        {
            0 => word,
            1 => char.ToUpperInvariant(word[0]) + word[1..],
            _ => word.ToUpperInvariant(),
        };
    }

    private static Page DrawLine(SceneRandom random)
    {
        const int Longest = 16;
        (int width, int height) = random.Pick(LineSizes);
        (string Name, byte R, byte G, byte B) background = random.Pick(SceneGenerator.BackgroundValues);
        var painter = new ScenePainter(width, height, (background.R, background.G, background.B));
        string text = string.Join(' ', Enumerable.Range(0, 1 + random.Below(3)).Select(_ => Word(random)));
        if (text.Length > Longest)
            text = text[..text.LastIndexOf(' ')];
        Font font = random.Pick(DrawnFonts.All);
        (float size, double textWidth, double textHeight) = Fit(text, font, random.Between(0.75, 0.95) * width, random.Between(0.35, 0.6) * height);
        int x = (int)random.Between(2, Math.Max(3, width - textWidth - 2));
        int y = (int)random.Between(2, Math.Max(3, height - textHeight - 2));
        painter.Write(text, font, size, x, y, Ink(background));
        if (random.Share() < 0.3)
            painter.AddNoise(random, random.Between(2, 8));
        return new Page(PageKind.TextLine, painter.ToImage(), [new PageQuestion(new OcrTask(), TaskPrompts.ReadText(), text)]);
    }

    /// <summary>The size in which a text stays within a width and a height, and what it takes then.</summary>
    internal static (float Size, double Width, double Height) Fit(string text, Font font, double width, double height)
    {
        const float Trial = 40;
        (double wide, double high) = ScenePainter.Measure(text, font, Trial);
        float size = (float)(Trial * Math.Min(width / wide, height / high));
        return (size, wide * size / Trial, high * size / Trial);
    }

    /// <summary>Black on light, white on dark.</summary>
    internal static (byte R, byte G, byte B) Ink((string Name, byte R, byte G, byte B) background) =>
        background.R + background.G + background.B > 330 ? ((byte)15, (byte)15, (byte)15) : ((byte)245, (byte)245, (byte)245);
}
