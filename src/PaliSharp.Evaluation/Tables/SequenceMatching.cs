namespace PaliSharp.Evaluation;

/// <summary>
/// The similarity of texts by matching blocks: the longest common block, then those to its left and right, and so on (Ratcliff and Obershelp), as
/// Python's <c>difflib.SequenceMatcher</c> finds them. It is no longest common subsequence.
/// </summary>
internal static class SequenceMatching
{
    // In long texts, characters that make up more than 1 % of the second one start no block.
    private const int LongText = 200;

    /// <summary>Twice the characters in matching blocks divided by those of both texts; 1 for two empty ones.</summary>
    public static double Similarity(string first, string second)
    {
        int[] a = PythonText.CodePoints(first);
        int[] b = PythonText.CodePoints(second);
        if (a.Length == 0 && b.Length == 0)
            return 1;
        var places = new Dictionary<int, List<int>>();
        for (int i = 0; i < b.Length; i++)
        {
            if (!places.TryGetValue(b[i], out List<int>? list))
                places.Add(b[i], list = []);
            list.Add(i);
        }

        if (b.Length >= LongText)
        {
            int most = (b.Length / 100) + 1;
            foreach (int popular in places.Where(item => item.Value.Count > most).Select(item => item.Key).ToList())
                places.Remove(popular);
        }

        int matched = 0;
        var open = new Stack<(int ALow, int AHigh, int BLow, int BHigh)>();
        open.Push((0, a.Length, 0, b.Length));
        while (open.TryPop(out (int ALow, int AHigh, int BLow, int BHigh) part))
        {
            (int i, int j, int size) = Longest(a, b, places, part);
            if (size == 0)
                continue;
            matched += size;
            open.Push((part.ALow, i, part.BLow, j));
            open.Push((i + size, part.AHigh, j + size, part.BHigh));
        }

        return 2.0 * matched / (a.Length + b.Length);
    }

    /// <summary>The longest block; of equally long ones the first in the first text, then in the second.</summary>
    private static (int I, int J, int Size) Longest(
        int[] a, int[] b, Dictionary<int, List<int>> places, (int ALow, int AHigh, int BLow, int BHigh) part)
    {
        (int bestI, int bestJ, int bestSize) = (part.ALow, part.BLow, 0);
        var lengths = new Dictionary<int, int>();
        for (int i = part.ALow; i < part.AHigh; i++)
        {
            var next = new Dictionary<int, int>();
            foreach (int j in places.GetValueOrDefault(a[i]) ?? [])
            {
                if (j < part.BLow)
                    continue;
                if (j >= part.BHigh)
                    break;
                int length = lengths.GetValueOrDefault(j - 1) + 1;
                next[j] = length;
                if (length > bestSize)
                    (bestI, bestJ, bestSize) = (i - length + 1, j - length + 1, length);
            }

            lengths = next;
        }

        // Popular characters start no block, but may belong to one.
        while (bestI > part.ALow && bestJ > part.BLow && a[bestI - 1] == b[bestJ - 1])
            (bestI, bestJ, bestSize) = (bestI - 1, bestJ - 1, bestSize + 1);
        while (bestI + bestSize < part.AHigh && bestJ + bestSize < part.BHigh && a[bestI + bestSize] == b[bestJ + bestSize])
            bestSize++;
        return (bestI, bestJ, bestSize);
    }
}
