using System.Text;

namespace PaliSharp.Evaluation;

/// <summary>
/// Splits captions into tokens as pycocoevalcap does before it scores them: the Penn Treebank's rules by the Stanford tokenizer, small letters, marks
/// dropped. Brackets stay, as <c>-lrb-</c> and the like: the official list has them in capitals, the tokens are small.
/// </summary>
/// <remarks>
/// The rules were found from the tokenizer's output. Known to differ: whether a period at the very end of a caption counts twice depends there on the
/// first word of the next caption of the run, out of a long list of which only the usual words are known here.
/// </remarks>
public static class CaptionTokenizer
{
    private static readonly HashSet<string> Dropped = new(StringComparer.Ordinal) { "''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";" };

    /// <summary>The tokens of captions, joined by spaces, marks dropped.</summary>
    /// <param name="captions">The captions, in the order of the run.</param>
    public static IReadOnlyList<string> Tokenize(IReadOnlyList<string> captions) =>
        [.. TokenizeAll(captions).Select(tokens => string.Join(' ', tokens.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(token => !Dropped.Contains(token))))];

    /// <summary>The tokens of one caption, joined by spaces, marks dropped.</summary>
    /// <param name="caption">The caption.</param>
    public static string Tokenize(string caption) => Tokenize([caption])[0];

    /// <summary>All tokens of captions, marks included, joined by spaces.</summary>
    /// <param name="captions">The captions, in the order of the run.</param>
    public static IReadOnlyList<string> TokenizeAll(IReadOnlyList<string> captions)
    {
        ArgumentNullException.ThrowIfNull(captions);

        // The tokenizer sees one text with a caption a line, and looks across line ends.
        string text = string.Join('\n', captions.Select(caption => caption.Replace('\n', ' ').Replace('\r', ' ')));
        var lines = new List<string>(captions.Count);
        var line = new StringBuilder();
        int position = 0;
        while (position < text.Length)
        {
            if (text[position] == '\n')
            {
                lines.Add(line.ToString());
                line.Clear();
                position++;
                continue;
            }

            position += ReadToken(text, position, line);
        }

        lines.Add(line.ToString());
        return captions.Count == 0 ? [] : lines;
    }

    /// <summary>Adds the token at a place; white space and what no rule knows (pictographs, controls) add nothing.</summary>
    /// <returns>The characters read.</returns>
    private static int ReadToken(string text, int position, StringBuilder line)
    {
        TokenRule? best = null;
        int farthest = 0;
        int length = 1;
        if (!PythonText.IsSpace(text[position]))
        {
            foreach (TokenRule rule in TokenRules.All)
            {
                int reach = rule.Reach(text, position, out int own);
                if (reach > farthest)
                    (best, farthest, length) = (rule, reach, own);
            }
        }

        if (best is null)
            return 1;
        string token = AnswerMetrics.Lower(best.Write(text.Substring(position, length)));
        if (token.Length > 0)
            line.Append(line.Length > 0 ? " " : string.Empty).Append(token);
        return length;
    }
}
