using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>What the verbs have in common that do one thing with every picture and answer with text.</summary>
internal static class TaskCommand
{
    /// <summary>Finishes a verb: the pictures, the common options, the action.</summary>
    /// <param name="verb">The verb with its own options.</param>
    /// <param name="host">The world.</param>
    /// <param name="defaultTokens">The limit on tokens if none is given.</param>
    /// <param name="create">Makes the task of what was given.</param>
    /// <param name="text">What of a result is shown to people; null for its text.</param>
    /// <typeparam name="TResult">The kind of text.</typeparam>
    /// <returns>The verb.</returns>
    public static Verb Finish<TResult>(
        Verb verb, CliHost host, int defaultTokens, Func<ParseResult, AnswerChoice, VisionTask<TResult>> create, Func<ParseResult, Func<TResult, string>>? text = null)
        where TResult : TextResult
    {
        Argument<string[]> pictures = PictureArgument.Create();
        var options = new AnswerOptions(defaultTokens, isLive: false);
        verb.Add(pictures);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host);
            VisionTask<TResult> task = PictureArgument.Prompt(() => create(parsed, choice));
            IReadOnlyList<PictureInput> inputs = PictureFinder.Find(parsed.GetRequiredValue(pictures));
            var view = new TextView<TResult>(host, choice.Output, inputs.Count > 1, text?.Invoke(parsed));
            return new TaskVerb<TResult>(host, new TaskRequest<TResult>(_ => task, inputs, choice), view).RunAsync(cancellationToken);
        });
        return verb;
    }
}
