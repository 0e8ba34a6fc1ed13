using System.Xml;

namespace PaliSharp.Exports;

/// <summary>Text that XML can hold.</summary>
internal static class XmlText
{
    /// <summary>The text with U+FFFD for what XML cannot hold, such as control characters.</summary>
    public static string Clean(string text)
    {
        char[] clean = text.ToCharArray();
        for (int i = 0; i < clean.Length; i++)
        {
            if (XmlConvert.IsXmlChar(clean[i]))
                continue;
            if (i + 1 < clean.Length && XmlConvert.IsXmlSurrogatePair(clean[i + 1], clean[i]))
                i++;
            else
                clean[i] = '\uFFFD';
        }

        return new string(clean);
    }
}
