using System.Text;

namespace PaliSharp.Evaluation;

/// <summary>
/// TEDS: how similar two HTML tables are as trees, 1 less the edit distance divided by the larger number of elements. The table element counts in the
/// distance but not in that number, so that the score can be negative.
/// </summary>
public static class TreeEditSimilarity
{
    /// <summary>The most elements of a table; the time is about the square of their number times the depth squared.</summary>
    public const int MaximumNodes = 2000;

    /// <summary>The similarity of two tables; 0 if a text holds none.</summary>
    /// <param name="prediction">The HTML in question.</param>
    /// <param name="truth">The right HTML.</param>
    /// <param name="structureOnly">Ignores the text of cells (S-TEDS).</param>
    /// <exception cref="ResourceLimitException">A table has too many elements.</exception>
    public static double Teds(string prediction, string truth, bool structureOnly = false)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(truth);
        if (HtmlTree.FirstTable(HtmlTree.Read(prediction)) is not { } found || HtmlTree.FirstTable(HtmlTree.Read(truth)) is not { } right)
            return 0;
        int nodes = Math.Max(found.Descendants, right.Descendants);
        if (nodes > MaximumNodes)
            throw new ResourceLimitException($"A table has {nodes} elements; at most {MaximumNodes} can be compared.");
        return nodes == 0 ? 0 : 1 - (TreeDistance.Of(ToNode(found, structureOnly), ToNode(right, structureOnly)) / nodes);
    }

    private static TableNode ToNode(HtmlElement element, bool structureOnly)
    {
        if (element.Name != "td")
            return new TableNode(element.Name, 0, 0, [], [.. element.Children.Select(child => ToNode(child, structureOnly))]);
        var content = new List<string>();
        if (!structureOnly)
            AddContent(element, content, isCell: true);
        return new TableNode(element.Name, element.Span("colspan"), element.Span("rowspan"), [.. content], []);
    }

    /// <summary>A cell's content: its characters, and tags as single symbols.</summary>
    private static void AddContent(HtmlElement element, List<string> content, bool isCell)
    {
        if (!isCell)
            content.Add($"<{element.Name}>");
        AddCharacters(element.Text, content);
        foreach (HtmlElement child in element.Children)
        {
            AddContent(child, content, isCell: false);
            AddCharacters(child.Tail, content);
        }

        if (!isCell)
            content.Add($"</{element.Name}>");
    }

    private static void AddCharacters(string text, List<string> content)
    {
        foreach (Rune rune in text.EnumerateRunes())
            content.Add(rune.ToString());
    }
}

/// <summary>An element of a table as it is compared.</summary>
/// <param name="Name">The tag's name.</param>
/// <param name="Columns">The columns a cell covers; 0 for other elements.</param>
/// <param name="Rows">The rows a cell covers.</param>
/// <param name="Content">A cell's characters and tags.</param>
/// <param name="Children">What is in it.</param>
internal sealed record TableNode(string Name, int Columns, int Rows, string[] Content, TableNode[] Children)
{
    /// <summary>The cost of turning this element into another.</summary>
    public double CostTo(TableNode other)
    {
        if (Name != other.Name || Columns != other.Columns || Rows != other.Rows)
            return 1;
        int longer = Math.Max(Content.Length, other.Content.Length);
        return longer == 0 ? 0 : (double)EditDistance.Of<string>(Content, other.Content) / longer;
    }
}

/// <summary>The least cost of turning a tree into another by removing, adding (1 each) and changing elements (Zhang and Shasha 1989).</summary>
internal static class TreeDistance
{
    /// <summary>The distance.</summary>
    public static double Of(TableNode first, TableNode second)
    {
        var left = new Postorder(first);
        var right = new Postorder(second);
        double[,] distances = new double[left.Count, right.Count];
        double[,] forest = new double[left.Count + 1, right.Count + 1];
        double[,] costs = new double[left.Count, right.Count];
        for (int i = 0; i < left.Count; i++)
        {
            for (int j = 0; j < right.Count; j++)
                costs[i, j] = left.Nodes[i].CostTo(right.Nodes[j]);
        }

        foreach (int i in left.KeyRoots)
        {
            foreach (int j in right.KeyRoots)
                CompareForests(left, right, i, j, costs, distances, forest);
        }

        return distances[left.Count - 1, right.Count - 1];
    }

    private static void CompareForests(Postorder left, Postorder right, int i, int j, double[,] costs, double[,] distances, double[,] forest)
    {
        int firstLeft = left.LeftMost[i];
        int firstRight = right.LeftMost[j];
        forest[firstLeft, firstRight] = 0;
        for (int x = firstLeft; x <= i; x++)
            forest[x + 1, firstRight] = forest[x, firstRight] + 1;
        for (int y = firstRight; y <= j; y++)
            forest[firstLeft, y + 1] = forest[firstLeft, y] + 1;
        for (int x = firstLeft; x <= i; x++)
        {
            for (int y = firstRight; y <= j; y++)
            {
                double least = Math.Min(forest[x, y + 1], forest[x + 1, y]) + 1;
                bool areTrees = left.LeftMost[x] == firstLeft && right.LeftMost[y] == firstRight;
                double kept = areTrees ? forest[x, y] + costs[x, y] : forest[left.LeftMost[x], right.LeftMost[y]] + distances[x, y];
                least = Math.Min(least, kept);
                forest[x + 1, y + 1] = least;
                if (areTrees)
                    distances[x, y] = least;
            }
        }
    }

    /// <summary>A tree's elements, children before parents.</summary>
    private sealed class Postorder
    {
        public Postorder(TableNode root)
        {
            Add(root);

            // Of elements with the same leftmost leaf, only the highest starts a comparison.
            var highest = new Dictionary<int, int>();
            for (int i = 0; i < Nodes.Count; i++)
                highest[LeftMost[i]] = i;
            KeyRoots = [.. highest.Values.Order()];
        }

        public List<TableNode> Nodes { get; } = [];

        public List<int> LeftMost { get; } = [];

        public int[] KeyRoots { get; }

        public int Count => Nodes.Count;

        private int Add(TableNode node)
        {
            int leftMost = -1;
            foreach (TableNode child in node.Children)
            {
                int leaf = Add(child);
                if (leftMost < 0)
                    leftMost = leaf;
            }

            if (leftMost < 0)
                leftMost = Nodes.Count;
            Nodes.Add(node);
            LeftMost.Add(leftMost);
            return leftMost;
        }
    }
}
