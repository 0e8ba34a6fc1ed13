using System.CommandLine;

namespace PaliSharp.Cli.Options;

/// <summary>The pictures of a verb.</summary>
internal static class PictureArgument
{
    /// <summary>The argument <c>IMAGE...</c>.</summary>
    /// <param name="isRequired">Whether at least one must be given.</param>
    public static Argument<string[]> Create(bool isRequired = true) => new("IMAGE")
    {
        Description = "Pictures: files, patterns such as '*.png' or 'photos/**/*.jpg', folders, or - for standard input.",
        Arity = isRequired ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
    };

    /// <summary>The option <c>--lang</c>.</summary>
    public static Option<string> Language() => new("--lang")
    {
        Description = "The language of the answer: en, de, fr, zh and so on. Default: en.",
        HelpName = "CODE",
        DefaultValueFactory = _ => "en",
    };

    /// <summary>Makes a prompt from arguments.</summary>
    /// <exception cref="UsageException">The arguments make no prompt.</exception>
    public static string Prompt(Func<string> create)
    {
        try
        {
            return create();
        }
        catch (PromptException exception)
        {
            throw new UsageException(exception.Message);
        }
    }
}
