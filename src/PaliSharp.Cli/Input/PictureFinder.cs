using PaliSharp.Imaging;

namespace PaliSharp.Cli.Input;

/// <summary>Turns picture arguments into pictures.</summary>
internal static class PictureFinder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp"];

    /// <summary>Finds the pictures that arguments name, in the order of the arguments; within a folder or pattern, sorted by name.</summary>
    /// <param name="arguments">Files, patterns, folders or <c>-</c>.</param>
    /// <returns>The pictures; an argument that names none gives one with a <see cref="PictureInput.Problem"/>.</returns>
    /// <exception cref="UsageException">Standard input is named twice.</exception>
    public static IReadOnlyList<PictureInput> Find(IReadOnlyList<string> arguments)
    {
        if (arguments.Count(argument => argument == PictureInput.StandardInput) > 1)
            throw new UsageException("Standard input (-) can be read once only.");
        return [.. arguments.SelectMany(Find)];
    }

    /// <summary>Whether an argument names pictures, rather than something to look for.</summary>
    public static bool IsPicture(string argument) =>
        argument == PictureInput.StandardInput
        || HasPictureExtension(argument)
        || File.Exists(argument)
        || Directory.Exists(argument)
        || (FilePattern.IsPattern(argument) && FilePattern.Find(argument).Any());

    private static IEnumerable<PictureInput> Find(string argument)
    {
        if (argument == PictureInput.StandardInput || File.Exists(argument))
            return [new PictureInput(argument)];
        if (Directory.Exists(argument))
            return FindInFolder(argument);
        if (!FilePattern.IsPattern(argument))
            return [new PictureInput(argument, "there is no such file or folder.")];
        PictureInput[] found = [.. FilePattern.Find(argument).Select(path => new PictureInput(path))];
        return found.Length > 0 ? found : [new PictureInput(argument, "no file matches this pattern.")];
    }

    private static PictureInput[] FindInFolder(string folder)
    {
        try
        {
            // Directory listings have no order of their own.
            PictureInput[] found =
                [.. Directory.EnumerateFiles(folder).Where(IsPictureFile).Order(StringComparer.Ordinal).Select(path => new PictureInput(path))];
            return found.Length > 0 ? found : [new PictureInput(folder, "the folder holds no picture of a known format.")];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [new PictureInput(folder, exception.Message)];
        }
    }

    // A file whose name promises a picture is taken, so that a damaged one is reported; of the others, those that hold one.
    private static bool IsPictureFile(string path)
    {
        if (HasPictureExtension(path))
            return true;
        try
        {
            Image.Identify(path);
            return true;
        }
        catch (Exception exception) when (exception is PaliSharpException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool HasPictureExtension(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
