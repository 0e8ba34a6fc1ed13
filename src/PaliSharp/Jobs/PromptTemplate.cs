using System.Text;

namespace PaliSharp.Jobs;

/// <summary>A text with holes: <c>caption {language}</c> takes the row's column <c>language</c>. <c>{{</c> and <c>}}</c> are braces.</summary>
public sealed class PromptTemplate
{
    private readonly (string Text, string? Column)[] _parts;

    private PromptTemplate(string source, (string Text, string? Column)[] parts)
    {
        Source = source;
        _parts = parts;
    }

    /// <summary>The template as it was written.</summary>
    public string Source { get; }

    /// <summary>The columns it takes values from, each once.</summary>
    public IReadOnlyList<string> Columns => [.. _parts.Select(part => part.Column).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>Reads a template.</summary>
    /// <param name="source">The text.</param>
    /// <exception cref="JobException">A brace is not closed, not opened, or names no column.</exception>
    public static PromptTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var parts = new List<(string Text, string? Column)>();
        var text = new StringBuilder();
        for (int i = 0; i < source.Length; i++)
        {
            char character = source[i];
            bool isDoubled = i + 1 < source.Length && source[i + 1] == character;
            if (character is not ('{' or '}') || isDoubled)
            {
                text.Append(character);
                i += character is '{' or '}' ? 1 : 0;
                continue;
            }

            int end = character == '{' ? source.IndexOf('}', i) : -1;
            if (end < 0)
                throw new JobException($"The template '{source}' has a lone '{character}' at position {i}. Write {{column}} for a column's value, or double the brace.");
            string column = source[(i + 1)..end];
            if (column.Trim().Length == 0 || column.Contains('{', StringComparison.Ordinal))
                throw new JobException($"The template '{source}' names no column at position {i}. Write {{column}} for a column's value, or double the brace.");
            parts.Add((text.ToString(), column));
            text.Clear();
            i = end;
        }

        parts.Add((text.ToString(), null));
        return new PromptTemplate(source, [.. parts]);
    }

    /// <summary>Puts the values of a row in.</summary>
    /// <param name="row">The row.</param>
    /// <exception cref="PromptException">The row lacks a column.</exception>
    public string Fill(BatchRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var text = new StringBuilder();
        foreach ((string before, string? column) in _parts)
        {
            text.Append(before);
            if (column is not null)
                text.Append(row[column] ?? throw new PromptException($"The row has no column '{column}', which the prompt needs."));
        }

        return text.ToString();
    }

    /// <summary>The template as it was written.</summary>
    public override string ToString() => Source;
}
