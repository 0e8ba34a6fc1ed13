using System.CommandLine;
using PaliSharp.Cli.Commands;
using PaliSharp.Cli.Input;
using PaliSharp.Generation;
using PaliSharp.Jobs;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Options;

/// <summary>What a job asks about every picture.</summary>
internal sealed class BatchTaskOptions
{
    private static readonly Dictionary<string, int> DefaultTokens = new(StringComparer.Ordinal)
    {
        ["prompt"] = 128,
        ["caption"] = 128,
        ["describe"] = 256,
        ["ask"] = 128,
        ["ocr"] = 512,
        ["text-detect"] = 1024,
        ["detect"] = 256,
        ["segment"] = 512,
        ["table"] = 4096,
        ["smiles"] = 256,
        ["music"] = 1024,
        ["classify"] = 1,
        ["match"] = 1,
    };

    private readonly Option<string?> _task = new("--task") { Description = "What is done with each picture. Default: prompt." };

    private readonly Option<string?> _prompt = new("--prompt", "-p")
    {
        Description = "The text the model sees, also for classify; {column} is replaced by the row's value, {{ and }} are braces.",
        HelpName = "TEMPLATE",
    };

    private readonly Option<string?> _what = new("--what")
    {
        Description = "For ask the question; for detect and segment the things to find, for classify the labels, separated by ';'; for match the text. "
            + "A template as for --prompt.",
        HelpName = "TEMPLATE",
    };

    private readonly Option<string?> _language = new("--language", "--lang")
    {
        Description = "For caption, describe and ask the language code, a template as for --prompt. Default: en.",
        HelpName = "TEMPLATE",
    };

    private readonly Option<FileInfo?> _schema = new("--schema") { Description = "With --prompt: a file with a JSON schema that answers must follow.", HelpName = "FILE" };

    private readonly ScoringOption _scoring = new();
    private readonly DetectionChoice _detection = new();

    /// <summary>Creates the options.</summary>
    public BatchTaskOptions() => _task.AcceptOnlyFromAmong([.. DefaultTokens.Keys]);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_task, _prompt, _what, _language, _schema])
            command.Add(option);
        _scoring.AddTo(command);
        _detection.AddTo(command);
    }

    /// <summary>The limit on tokens if none is given.</summary>
    public int Tokens(ParseResult parsed) => DefaultTokens[Name(parsed)];

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">The options make no task.</exception>
    public BatchTask Read(ParseResult parsed, GenerationOptions generation)
    {
        string name = Name(parsed);
        if (parsed.GetValue(_schema) is { } schema)
            return BatchTask.Json(Required(parsed, _prompt, name), SchemaFile.Read(schema), generation);
        Refuse(parsed, _prompt, name, name is "prompt" or "classify");
        Refuse(parsed, _what, name, name is "ask" or "detect" or "segment" or "classify" or "match");
        Refuse(parsed, _language, name, name is "caption" or "describe" or "ask");
        if (_scoring.IsGiven(parsed) && name != "classify")
            throw new UsageException($"--scoring has no meaning with --task {name}.");
        if (generation.Beam is not null && _detection.Read(parsed).StopAtRepeatedBoxes)
            throw new UsageException("--stop-repeats cannot be combined with --beams.");
        return name switch
        {
            "prompt" => BatchTask.Prompt(Required(parsed, _prompt, name), generation),
            "caption" => BatchTask.Caption(Language(parsed), CaptionLength.Short, generation),
            "describe" => BatchTask.Caption(Language(parsed), CaptionLength.Long, generation),
            "ask" => BatchTask.Ask(Required(parsed, _what, name), Language(parsed), generation),
            "ocr" => BatchTask.Ocr(generation),
            "text-detect" => BatchTask.TextDetection(generation),
            "detect" => BatchTask.Detect(Required(parsed, _what, name), _detection.Read(parsed), generation),
            "segment" => BatchTask.Segment(Required(parsed, _what, name), new SegmentationOptions { Constrain = _detection.Read(parsed).Constrain }, generation),
            "table" => BatchTask.Table(generation),
            "smiles" => BatchTask.Molecule(generation),
            "music" => BatchTask.Music(generation),
            "classify" => BatchTask.Classify(
                Required(parsed, _what, name), Template(parsed.GetValue(_prompt) ?? ClassifyCommand.DefaultPrompt), new ClassificationOptions { Scoring = _scoring.Read(parsed) }),
            _ => BatchTask.Match(Required(parsed, _what, name)),
        };
    }

    private string Name(ParseResult parsed) => parsed.GetValue(_task) ?? "prompt";

    private PromptTemplate Language(ParseResult parsed) => Template(parsed.GetValue(_language) ?? "en");

    private static void Refuse(ParseResult parsed, Option<string?> option, string task, bool isUsed)
    {
        if (!isUsed && parsed.GetValue(option) is not null)
            throw new UsageException($"{option.Name} has no meaning with --task {task}.");
    }

    private static PromptTemplate Required(ParseResult parsed, Option<string?> option, string task) => Template(parsed.GetValue(option)
        ?? throw new UsageException(task == "prompt" ? "There is no task. Give --prompt or --task." : $"--task {task} needs {option.Name}."));

    private static PromptTemplate Template(string source)
    {
        try
        {
            return PromptTemplate.Parse(source);
        }
        catch (JobException exception)
        {
            throw new UsageException(exception.Message);
        }
    }
}
