namespace PaliSharp;

/// <summary>
/// The root of everything PaliSharp throws for reasons outside the program: bad files, bad requests, exceeded limits.
/// Misuse of the API itself is an <see cref="ArgumentException"/> or <see cref="InvalidOperationException"/>, as everywhere in .NET.
/// </summary>
/// <remarks>Every message says what was found, what was expected and what to do about it.</remarks>
public abstract class PaliSharpException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was found, what was expected, and what to do.</param>
    /// <param name="innerException">The cause, if another exception was.</param>
    protected PaliSharpException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>A checkpoint, adapter, tokenizer or one of their files is missing, malformed or does not fit.</summary>
public class CheckpointException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);

/// <summary>A picture cannot be decoded: unknown format, malformed data or a feature that is refused.</summary>
public class ImageFormatException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);

/// <summary>A prompt, or the combination of prompt and pictures, cannot be given to the model.</summary>
public class PromptException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);

/// <summary>Honouring the request would exceed a limit on memory, size or time that protects the process.</summary>
public class ResourceLimitException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);

/// <summary>A checkpoint hub refused or failed a request.</summary>
public class HubException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);

/// <summary>A batch job, its input or its output cannot be used, or an export cannot be made.</summary>
public class JobException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);
