using System.CommandLine;
using System.CommandLine.Parsing;
using PaliSharp.Cli.Input;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Options;

/// <summary>The pictures of a verb.</summary>
internal static class PictureArgument
{
    /// <summary>The argument <c>IMAGE...</c>.</summary>
    /// <param name="isRequired">Whether at least one must be given.</param>
    public static Argument<string[]> Create(bool isRequired = true) => new Argument<string[]>("IMAGE")
    {
        Description = "Pictures: files, patterns such as '*.png' or 'photos/**/*.jpg', folders, or - for standard input.",
        Arity = isRequired ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
    }.RefusingOptions();

    /// <summary>Makes a mistyped option wrong usage; the parser would pass it on as an argument.</summary>
    /// <param name="argument">The argument.</param>
    /// <returns>The argument.</returns>
    public static Argument<string[]> RefusingOptions(this Argument<string[]> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (token.Value is ['-', _, ..] && !File.Exists(token.Value))
                    result.AddError($"'{token.Value}' is no option of this command. If a file has this name, write ./{token.Value}");
            }
        });
        return argument;
    }

    /// <summary>The option <c>--language</c>.</summary>
    public static Option<string> Language() => new("--language", "--lang")
    {
        Description = "The language of the answer: en, de, fr, zh and so on. Default: en.",
        HelpName = "CODE",
        DefaultValueFactory = _ => "en",
    };

    /// <summary>The option <c>--together</c>.</summary>
    public static Option<bool> Together() => new("--together") { Description = "Put all pictures into one prompt instead of asking about each." };

    /// <summary>The option <c>--frames</c>.</summary>
    public static Option<int?> Frames() => new Option<int?>("--frames")
    {
        Description = "Take so many frames, spread evenly, of one clip, an animated GIF or a folder of pictures, into one prompt. The papers take 16.",
        HelpName = "N",
    }.Between(1, FrameSampling.MaximumCount);

    /// <summary>The pictures of a verb that knows clips.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="frames">The frames to take; null for pictures.</param>
    /// <exception cref="UsageException">There is not one clip.</exception>
    public static IReadOnlyList<PictureInput> Find(string[] arguments, int? frames)
    {
        if (frames is null)
            return PictureFinder.Find(arguments);
        return arguments is [var clip] && clip != PictureInput.StandardInput
            ? [new PictureInput(clip)]
            : throw new UsageException("--frames is about one clip: name an animated GIF, or a folder of frames.");
    }

    /// <summary>Makes a prompt or a task from arguments.</summary>
    /// <exception cref="UsageException">The arguments make none.</exception>
    public static T Prompt<T>(Func<T> create)
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
