using PaliSharp.Imaging;

namespace PaliSharp.Cli.Input;

/// <summary>A picture that a command line names.</summary>
/// <param name="Name">What to call it: the path as given or found, or <c>-</c>.</param>
/// <param name="Problem">Why it cannot even be tried; null if it can.</param>
internal sealed record PictureInput(string Name, string? Problem = null)
{
    /// <summary>The name of standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Whether it comes from standard input.</summary>
    public bool IsStandardInput => Name == StandardInput;

    /// <summary>The file's name without folder and extension.</summary>
    public string Stem => IsStandardInput ? "stdin" : Path.GetFileNameWithoutExtension(Name);

    /// <summary>Reads the picture; if that fails, says why on standard error.</summary>
    /// <param name="host">Where errors go and standard input comes from.</param>
    /// <returns>The picture, or null.</returns>
    public Image? TryRead(CliHost host)
    {
        try
        {
            return Read(host);
        }
        catch (Exception exception) when (exception is PaliSharpException or IOException or UnauthorizedAccessException)
        {
            host.TellError($"{Name}: {exception.Message}");
            return null;
        }
    }

    /// <summary>Reads the picture.</summary>
    /// <param name="host">Where standard input comes from.</param>
    /// <exception cref="PaliSharpException">It cannot be decoded.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Image Read(CliHost host)
    {
        if (Problem is not null)
            throw new IOException(Problem);
        if (!IsStandardInput)
            return Image.Load(Name);
        using Stream stream = host.OpenInput();
        return Image.Load(stream);
    }
}
