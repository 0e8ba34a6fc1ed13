using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Generation;

namespace PaliSharp.Cli.Options;

/// <summary>What an answer must look like.</summary>
internal sealed class GrammarOptions
{
    private readonly Option<FileInfo?> _schema = new("--schema") { Description = "A file with a JSON schema that the answer must follow.", HelpName = "FILE" };

    private readonly Option<string?> _pattern = new("--pattern") { Description = "A regular expression that the whole answer must match.", HelpName = "REGEX" };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_schema);
        command.Add(_pattern);
    }

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">Both are given, or with beams.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public GrammarChoice Read(ParseResult parsed)
    {
        if (parsed.GetValue(_schema) is not { } schema)
            return new GrammarChoice(null, parsed.GetValue(_pattern));
        return parsed.GetValue(_pattern) is null
            ? new GrammarChoice(SchemaFile.Read(schema), null)
            : throw new UsageException("--schema and --pattern exclude each other.");
    }
}

/// <summary>What an answer must look like.</summary>
/// <param name="Schema">A JSON schema; null for none.</param>
/// <param name="Pattern">A regular expression; null for none.</param>
internal sealed record GrammarChoice(string? Schema, string? Pattern)
{
    /// <summary>Whether the answer is free.</summary>
    public bool IsFree => Schema is null && Pattern is null;

    /// <summary>Adds the pattern to options.</summary>
    /// <exception cref="PromptException">The pattern is malformed, or the model has no tokenizer.</exception>
    public GenerationOptions Apply(PaliGemma model, GenerationOptions options)
    {
        if (Pattern is null)
            return options;
        Tokenization.Tokenizer tokenizer = model.Tokenizer ?? throw new PromptException($"The checkpoint '{model.Path}' has no tokenizer, so there is no grammar for its answers.");
        return options with { Constraint = TokenConstraints.Pattern(tokenizer, Pattern, options.MaxNewTokens) };
    }
}
