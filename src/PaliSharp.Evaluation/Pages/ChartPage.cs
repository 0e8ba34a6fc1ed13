using PaliSharp.Imaging.Text;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>Draws a bar chart: two to four bars of different colours and values, a letter below and the value above each.</summary>
internal static class ChartPage
{
    private const int Highest = 12;

    private static readonly (int Width, int Height)[] Sizes = [(224, 224), (240, 200), (256, 256), (200, 224)];

    public static Page Draw(SceneRandom random)
    {
        (int width, int height) = random.Pick(Sizes);
        (string Name, byte R, byte G, byte B) background = random.Pick(SceneGenerator.BackgroundValues);
        var painter = new ScenePainter(width, height, (background.R, background.G, background.B));
        (byte R, byte G, byte B) ink = PageGenerator.Ink(background);
        Font font = random.Pick(DrawnFonts.All);
        (string Name, byte R, byte G, byte B)[] colors = Shuffled(
            [.. SceneGenerator.ColorValues.Where(color => Math.Max(Math.Abs(color.R - background.R), Math.Max(Math.Abs(color.G - background.G), Math.Abs(color.B - background.B))) > 70)], random);
        char[] letters = Shuffled([.. "ABCDEFGHKLMNPRSTUX"], random);
        int[] values = Shuffled([.. Enumerable.Range(1, Highest)], random);
        Bar[] bars = [.. Enumerable.Range(0, 2 + random.Below(3)).Select(i => new Bar($"{letters[i]}", values[i], colors[i].Name))];

        float size = height * 0.13f;
        int floor = (int)(height * 0.83);
        int room = (int)(height * 0.64);
        int step = (int)(width * 0.92 / bars.Length);
        int thick = (int)(step * random.Between(0.45, 0.7));
        int left = (int)(width * 0.04);
        for (int i = 0; i < bars.Length; i++)
        {
            int x = left + (i * step) + ((step - thick) / 2);
            int tall = Math.Max(3, room * bars[i].Value / Highest);
            painter.Fill(x, floor - tall, thick, tall, (colors[i].R, colors[i].G, colors[i].B));
            Center(painter, $"{bars[i].Value}", font, size, x + (thick / 2), floor - tall - (int)(size * 0.95), ink);
            Center(painter, bars[i].Label, font, size, x + (thick / 2), floor + 4, ink);
        }

        painter.Fill(left, floor, step * bars.Length, 2, ink);
        if (random.Share() < 0.3)
            painter.AddNoise(random, random.Between(2, 6));
        return new Page(PageKind.Chart, painter.ToImage(), Questions(bars, random));
    }

    private static PageQuestion[] Questions(Bar[] bars, SceneRandom random)
    {
        Bar asked = random.Pick(bars);
        Bar colored = random.Pick(bars);
        return
        [
            Ask($"what is the value of {asked.Label}?", $"{asked.Value}"),
            Ask($"what is the value of the {colored.Color} bar?", $"{colored.Value}"),
            Ask("which bar is the highest?", bars.MaxBy(bar => bar.Value)!.Label),
            Ask("how many bars are there?", $"{bars.Length}"),
        ];
    }

    private static PageQuestion Ask(string question, string answer) => new(new AnswerTask(question), TaskPrompts.Answer(question), answer);

    private static void Center(ScenePainter painter, string text, Font font, float size, int x, int y, (byte R, byte G, byte B) color)
    {
        (double width, _) = ScenePainter.Measure(text, font, size);
        painter.Write(text, font, size, Math.Max(0, x - (int)(width / 2)), Math.Max(0, y), color);
    }

    private static T[] Shuffled<T>(T[] items, SceneRandom random)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = random.Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }

        return items;
    }

    private sealed record Bar(string Label, int Value, string Color);
}
