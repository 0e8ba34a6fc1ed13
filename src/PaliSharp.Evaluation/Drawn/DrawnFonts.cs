using PaliSharp.Imaging.Text;

namespace PaliSharp.Evaluation;

/// <summary>The fonts of drawn words: the embedded one and three that come with this library.</summary>
internal static class DrawnFonts
{
    /// <summary>All of them, the embedded one first.</summary>
    public static IReadOnlyList<Font> All { get; } = [Font.Default, Load("PaliSharpBold"), Load("PaliSharpSerif"), Load("PaliSharpMono")];

    private static Font Load(string name)
    {
        using Stream stream = typeof(DrawnFonts).Assembly.GetManifestResourceStream($"PaliSharp.Evaluation.Fonts.{name}.ttf")
            ?? throw new InvalidOperationException($"The assembly was built without its font '{name}'.");
        byte[] data = new byte[stream.Length];
        stream.ReadExactly(data);
        return Font.Parse(data);
    }
}
