using System.Text;

namespace PaliSharp.Jobs;

/// <summary>Reads lines, but none that would fill the memory.</summary>
internal static class BoundedLines
{
    /// <summary>The lines of a text; a line feed ends each.</summary>
    /// <param name="reader">The text; it stays open.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="limit">The most characters of a line.</param>
    /// <exception cref="JobException">While enumerating: a line is longer, or the text cannot be read on.</exception>
    public static IEnumerable<string> Read(TextReader reader, string name, int limit)
    {
        char[] buffer = new char[1 << 14];
        var line = new StringBuilder();
        int read;
        while ((read = Fill(reader, name, buffer)) > 0)
        {
            int start = 0;
            while (buffer.AsSpan(start, read - start).IndexOf('\n') is var length and >= 0)
            {
                yield return line.Append(buffer, start, length).ToString();
                line.Clear();
                start += length + 1;
            }

            if (line.Append(buffer, start, read - start).Length > limit)
                throw new JobException($"'{name}' has a line of more than {limit} characters. Write one JSON object a line.");
        }

        if (line.Length > 0)
            yield return line.ToString();
    }

    private static int Fill(TextReader reader, string name, char[] buffer)
    {
        try
        {
            return reader.Read(buffer);
        }
        catch (IOException exception)
        {
            throw new JobException($"'{name}' cannot be read on: {exception.Message}", exception);
        }
    }
}
