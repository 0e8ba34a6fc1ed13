using System.CommandLine;
using PaliSharp.Generation;
using PaliSharp.Jobs;

namespace PaliSharp.Cli.Options;

/// <summary>What a job asks about every picture.</summary>
internal sealed class BatchTaskOptions
{
    private readonly Option<string?> _prompt = new("--prompt", "-p")
    {
        Description = "The text the model sees; {column} is replaced by the row's value, {{ and }} are braces.",
        HelpName = "TEMPLATE",
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => command.Add(_prompt);

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">The options make no task.</exception>
    public BatchTask Read(ParseResult parsed, GenerationOptions generation)
    {
        string prompt = parsed.GetValue(_prompt) ?? throw new UsageException("There is no task. Give --prompt.");
        return BatchTask.Prompt(Template(prompt), generation);
    }

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
