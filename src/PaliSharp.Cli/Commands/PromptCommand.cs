using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>What the verbs have in common whose answer is a text that may appear while it is being written.</summary>
internal static class PromptCommand
{
    /// <summary>Finishes a verb about pictures: the pictures, the common options, the action.</summary>
    /// <param name="verb">The verb with its own options.</param>
    /// <param name="host">The world.</param>
    /// <param name="defaultTokens">The limit on tokens if none is given.</param>
    /// <param name="create">Makes the task of what was given.</param>
    /// <param name="prompt">The text the model sees for it.</param>
    /// <typeparam name="TResult">The kind of text.</typeparam>
    /// <returns>The verb.</returns>
    public static Verb Finish<TResult>(
        Verb verb, CliHost host, int defaultTokens, Func<ParseResult, AnswerChoice, VisionTask<TResult>> create, Func<ParseResult, string> prompt)
        where TResult : TextResult
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<bool> together = PictureArgument.Together();
        Option<int?> frames = PictureArgument.Frames();
        var options = new AnswerOptions(defaultTokens);
        verb.Add(pictures);
        verb.Add(together);
        verb.Add(frames);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host);
            (VisionTask<TResult> task, string text) = PictureArgument.Prompt(() => (create(parsed, choice), prompt(parsed)));
            var request = new TextRequest<TResult>(new TaskRequest<TResult>(_ => task, PictureArgument.Find(parsed.GetRequiredValue(pictures), parsed.GetValue(frames)), choice))
            {
                IsTogether = parsed.GetValue(together),
                Frames = parsed.GetValue(frames),
                StreamedPrompt = text,
            };
            return RunAsync(host, request, isRaw: false, cancellationToken);
        });
        return verb;
    }

    /// <summary>Runs a request.</summary>
    public static Task<int> RunAsync<TResult>(CliHost host, TextRequest<TResult> request, bool isRaw, CancellationToken cancellationToken)
        where TResult : TextResult
    {
        TaskRequest<TResult> task = request.Task;
        var view = new TextView<TResult>(host, task.Choice.Output, isNamed: task.Pictures.Count > 1) { IsRaw = isRaw };
        return new TextVerb<TResult>(host, request, view).RunAsync(cancellationToken);
    }
}
