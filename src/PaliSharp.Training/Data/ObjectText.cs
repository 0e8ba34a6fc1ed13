using System.Globalization;
using System.Text.RegularExpressions;

namespace PaliSharp.Training.Data;

/// <summary>A thing in the text of a detection or segmentation.</summary>
/// <param name="Bins">The bins of y min, x min, y max and x max.</param>
/// <param name="Codes">The 16 codes of its mask; empty for a box alone.</param>
/// <param name="Label">What it is; may be empty.</param>
internal sealed record TextObject(int[] Bins, int[] Codes, string Label);

/// <summary>Reads the texts that models are trained to write for things in pictures.</summary>
internal static partial class ObjectText
{
    private const int MaximumBin = 1023;
    private const int MaximumCode = 127;

    /// <summary>Reads a text; null if anything in it is not a thing, or a box is none.</summary>
    public static IReadOnlyList<TextObject>? Parse(string text)
    {
        var things = new List<TextObject>();
        foreach (string part in text.Split(" ; "))
        {
            Match match = Thing().Match(part);
            if (!match.Success)
                return null;
            int[] bins = Numbers(match.Groups[1]);
            int[] codes = Numbers(match.Groups[2]);
            if (bins.Any(bin => bin > MaximumBin) || codes.Any(code => code > MaximumCode) || bins[2] <= bins[0] || bins[3] <= bins[1])
                return null;
            things.Add(new TextObject(bins, codes, match.Groups[3].Value.Trim()));
        }

        return things;
    }

    private static int[] Numbers(Group group) =>
        [.. group.Captures.Select(capture => int.Parse(capture.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"^(?:<loc([0-9]{4})>){4}(?:(?:<seg([0-9]{3})>){16})?([^<>;]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Thing();
}
