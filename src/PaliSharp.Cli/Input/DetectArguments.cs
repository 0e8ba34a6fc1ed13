namespace PaliSharp.Cli.Input;

/// <summary>Tells pictures from things to find, which share one list of arguments.</summary>
/// <param name="Pictures">The pictures.</param>
/// <param name="Things">The things.</param>
internal sealed record DetectArguments(IReadOnlyList<string> Pictures, IReadOnlyList<string> Things)
{
    /// <summary>
    /// Splits the arguments. The first is a picture, and so are those right behind it that exist or have a picture's extension; the rest are
    /// things. With pictures or things named by options, all arguments are of the other kind.
    /// </summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="images">Pictures named by options.</param>
    /// <param name="things">Things named by options.</param>
    /// <param name="verb">The verb, for messages.</param>
    /// <exception cref="UsageException">There is no picture, or nothing to find.</exception>
    public static DetectArguments Split(IReadOnlyList<string> arguments, IReadOnlyList<string> images, IReadOnlyList<string> things, string verb = "detect")
    {
        int pictures = (images.Count, things.Count) switch
        {
            (> 0, > 0) when arguments.Count > 0 =>
                throw new UsageException($"'{arguments[0]}' is neither --image nor --thing. With both options there are no other arguments."),
            (> 0, _) => 0,
            (_, > 0) => arguments.Count,
            _ => CountLeadingPictures(arguments),
        };
        var split = new DetectArguments([.. images, .. arguments.Take(pictures)], [.. things, .. arguments.Skip(pictures)]);
        if (split.Pictures.Count == 0)
            throw new UsageException($"There is no picture. Name one, for example: palisharp {verb} yard.jpg cat");
        if (split.Things.Count == 0)
            throw new UsageException($"There is nothing to find. Name a thing after the pictures, for example: palisharp {verb} yard.jpg cat");
        return split;
    }

    private static int CountLeadingPictures(IReadOnlyList<string> arguments) =>
        arguments.Count == 0 ? 0 : 1 + arguments.Skip(1).TakeWhile(PictureFinder.IsPicture).Count();
}
