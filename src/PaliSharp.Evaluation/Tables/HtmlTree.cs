using System.Text;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>An element of markup.</summary>
/// <param name="name">The tag's name in small letters; empty for the root above all.</param>
internal sealed class HtmlElement(string name)
{
    public string Name => name;

    public Dictionary<string, string> Attributes { get; init; } = [];

    public List<HtmlElement> Children { get; } = [];

    /// <summary>The text before the first child.</summary>
    public string Text { get; set; } = string.Empty;

    /// <summary>The text behind the element, in its parent.</summary>
    public string Tail { get; set; } = string.Empty;

    /// <summary>The number of elements in it.</summary>
    public int Descendants => Children.Sum(child => 1 + child.Descendants);

    /// <summary>The element and all in it, in order.</summary>
    public IEnumerable<HtmlElement> All() => Children.SelectMany(child => child.All()).Prepend(this);

    /// <summary>The pieces of text in it, in order; empty ones are left out.</summary>
    public IEnumerable<string> Texts() =>
        ((string[])[Text]).Concat(Children.SelectMany(child => child.Texts().Append(child.Tail))).Where(text => text.Length > 0);

    /// <summary>A span of cells; 1 if it is not given or no number.</summary>
    public int Span(string attribute) => Attributes.TryGetValue(attribute, out string? text) && int.TryParse(text, out int span) && span is > 0 and <= 1000 ? span : 1;
}

/// <summary>Makes a tree of markup. Elements that HTML closes by themselves are closed; depth is bounded.</summary>
internal static class HtmlTree
{
    private const int MaximumDepth = 100;

    private static readonly string[] Void = ["br", "img", "hr", "col", "input", "meta", "link", "wbr"];

    /// <summary>Reads markup.</summary>
    /// <returns>The root, which stands above all elements.</returns>
    public static HtmlElement Read(string html)
    {
        var root = new HtmlElement(string.Empty);
        var open = new List<HtmlElement> { root };
        var text = new StringBuilder();
        HtmlElement? closed = null;
        var tokenizer = new HtmlTokenizer(html);
        while (tokenizer.TryRead(out HtmlToken token))
        {
            if (token.Kind == HtmlTokenKind.Text)
            {
                text.Append(token.Text);
                continue;
            }

            Place(text, open[^1], closed);
            if (token.Kind == HtmlTokenKind.EndTag)
            {
                int index = open.FindLastIndex(element => element.Name == token.Text);
                if (index > 0)
                {
                    closed = open[index];
                    open.RemoveRange(index, open.Count - index);
                }

                continue;
            }

            closed = CloseBefore(token.Text, open) ?? closed;
            var element = new HtmlElement(token.Text) { Attributes = token.Attributes ?? [] };
            open[^1].Children.Add(element);
            if (Void.Contains(token.Text) || open.Count >= MaximumDepth)
                closed = element;
            else
                (closed, _) = (null, Push(open, element));
        }

        Place(text, open[^1], closed);
        return root;
    }

    /// <summary>The tables that stand in no other element than <c>html</c> and <c>body</c>.</summary>
    public static HtmlElement? FirstTable(HtmlElement root)
    {
        foreach (HtmlElement child in root.Children)
        {
            if (child.Name == "table")
                return child;
            if (child.Name is "html" or "body" && FirstTable(child) is { } table)
                return table;
        }

        return null;
    }

    private static bool Push(List<HtmlElement> open, HtmlElement element)
    {
        open.Add(element);
        return true;
    }

    private static void Place(StringBuilder text, HtmlElement parent, HtmlElement? closed)
    {
        if (text.Length == 0)
            return;
        if (closed is not null && parent.Children.Count > 0 && ReferenceEquals(parent.Children[^1], closed))
            closed.Tail += text.ToString();
        else if (parent.Children.Count > 0)
            parent.Children[^1].Tail += text.ToString();
        else
            parent.Text += text.ToString();
        text.Clear();
    }

    /// <summary>A cell ends the cell before it, a row the row, a group the group.</summary>
    private static HtmlElement? CloseBefore(string name, List<HtmlElement> open)
    {
        string[] ended = name switch
        {
            "td" or "th" => ["td", "th"],
            "tr" => ["td", "th", "tr"],
            "thead" or "tbody" or "tfoot" => ["td", "th", "tr", "thead", "tbody", "tfoot"],
            _ => [],
        };
        int table = Math.Max(0, open.FindLastIndex(element => element.Name == "table"));
        int first = open.FindIndex(table + (table < open.Count ? 1 : 0), element => ended.Contains(element.Name));
        if (first < 0)
            return null;
        HtmlElement closed = open[first];
        open.RemoveRange(first, open.Count - first);
        return closed;
    }
}
