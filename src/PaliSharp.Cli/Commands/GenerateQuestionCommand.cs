using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp generate-question</c>: a question whose answer is known.</summary>
internal static class GenerateQuestionCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string> answer = new("--answer", "-a") { Description = "The answer, in English.", HelpName = "TEXT", Required = true };
        Option<string> language = PictureArgument.Language();
        var verb = new Verb(
            "generate-question",
            "Finds a question about a picture to an answer.",
            "palisharp generate-question photo.jpg --answer \"two dogs\"",
            "palisharp generate-question photo.jpg --answer yes --language de --json")
        {
            answer,
            language,
        };
        return PromptCommand.Finish<TextResult>(
            verb,
            host,
            defaultTokens: 128,
            (parsed, choice) => new QuestionTask(parsed.GetRequiredValue(answer)) { Language = parsed.GetRequiredValue(language), Options = choice.Generation },
            parsed => TaskPrompts.Question(parsed.GetRequiredValue(answer), parsed.GetRequiredValue(language)));
    }
}
