using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Output;

namespace PaliSharp.Cli.Options;

/// <summary>What verbs that find objects have in common: pictures, things to find, where to draw, files for other tools.</summary>
/// <param name="drawn">What is drawn, such as <c>boxes</c>.</param>
internal sealed class ObjectOptions(string drawn)
{
    private readonly Argument<string[]> _arguments = new Argument<string[]>("IMAGE-OR-THING")
    {
        Description = "Pictures (files, patterns, folders, - for standard input), then what to find in them.",
        Arity = ArgumentArity.ZeroOrMore,
    }.RefusingOptions();

    private readonly Option<string[]> _images = new("--image", "-i")
    {
        Description = "A picture; then every argument is a thing. May be repeated.",
        HelpName = "IMAGE",
    };

    private readonly Option<string[]> _things = new("--thing", "--things")
    {
        Description = "A thing to find; then every argument is a picture. May be repeated.",
        HelpName = "TEXT",
    };

    private readonly ObjectOutputOptions _output = new(drawn);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_arguments);
        command.Add(_images);
        command.Add(_things);
        _output.AddTo(command);
    }

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">There is no picture or nothing to find, or what is to be written does not fit.</exception>
    public ObjectChoice Read(ParseResult parsed)
    {
        DetectArguments named = DetectArguments.Split(
            parsed.GetValue(_arguments) ?? [], parsed.GetValue(_images) ?? [], parsed.GetValue(_things) ?? [], parsed.CommandResult.Command.Name);
        IReadOnlyList<PictureInput> pictures = PictureFinder.Find(named.Pictures);
        return new ObjectChoice(named.Things, pictures, _output.Read(parsed, pictures));
    }
}

/// <summary>What is written of objects beside the results.</summary>
/// <param name="drawn">What is drawn, such as <c>boxes</c>.</param>
internal sealed class ObjectOutputOptions(string drawn)
{
    private readonly Option<string?> _draw = new("--draw", "-o")
    {
        Description = $"Draw the {drawn} into this PNG file; for several pictures a folder, or a name with {{name}} in it.",
        HelpName = "FILE",
    };

    private readonly ExportOption _export = new();

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_draw);
        _export.AddTo(command);
    }

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">What is to be written does not fit the pictures.</exception>
    public ObjectOutput Read(ParseResult parsed, IReadOnlyList<PictureInput> pictures) =>
        new(parsed.GetValue(_draw) is { } path ? DrawTarget.Plan(path, pictures) : null, _export.Read(parsed));
}

/// <summary>Things to find, and where.</summary>
/// <param name="Things">The things.</param>
/// <param name="Pictures">The pictures.</param>
/// <param name="Output">What is written beside the results.</param>
internal sealed record ObjectChoice(IReadOnlyList<string> Things, IReadOnlyList<PictureInput> Pictures, ObjectOutput Output);
