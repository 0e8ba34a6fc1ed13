namespace PaliSharp.Training.Data;

/// <summary>Why an item of a data set cannot be learnt from.</summary>
public enum BadItemKind
{
    /// <summary>A line, row or record is not what the format says.</summary>
    Malformed,

    /// <summary>A row has more or fewer fields than the header.</summary>
    ColumnMismatch,

    /// <summary>A picture's file is not there.</summary>
    MissingPicture,

    /// <summary>A picture cannot be decoded, is damaged, or has another size than the annotations say.</summary>
    BrokenPicture,

    /// <summary>A box or mask has no area or leaves the picture.</summary>
    BoxOutside,

    /// <summary>There is no text to learn.</summary>
    EmptySuffix,

    /// <summary>The text has more characters than allowed, or the prompt leaves no room for an answer.</summary>
    TextTooLong,
}

/// <summary>An item of a data set cannot be used: it is skipped and counted. Never leaves the source.</summary>
internal sealed class BadItemException(BadItemKind kind, string message, Exception? innerException = null)
    : PaliSharpException(message, innerException)
{
    /// <summary>Why.</summary>
    public BadItemKind Kind { get; } = kind;
}
