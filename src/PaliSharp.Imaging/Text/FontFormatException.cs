namespace PaliSharp.Imaging.Text;

/// <summary>A font cannot be read: malformed data or a kind that is refused.</summary>
public class FontFormatException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);
