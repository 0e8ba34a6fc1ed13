using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp ask</c>: a question about a picture.</summary>
internal static class AskCommand
{
    private static readonly Dictionary<string, AnswerKind> Kinds = new(StringComparer.Ordinal)
    {
        ["text"] = AnswerKind.Text,
        ["yes-no"] = AnswerKind.YesNo,
        ["count"] = AnswerKind.Count,
    };

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string?> question = new("--question", "-q")
        {
            Description = "The question. Without this option the last argument is the question, unless it names a picture.",
            HelpName = "TEXT",
        };
        Option<string> language = PictureArgument.Language();
        Option<string?> kind = new("--kind") { Description = "What the answer may be: any text (default), yes or no, a whole number." };
        kind.AcceptOnlyFromAmong([.. Kinds.Keys]);
        Option<bool> bare = new("--bare") { Description = "Put the question without 'answer en', as checkpoints tuned on charts and documents want it." };
        Option<bool> together = PictureArgument.Together();
        Option<int?> frames = PictureArgument.Frames();
        var grammar = new GrammarOptions();
        var options = new AnswerOptions(defaultTokens: 128);
        var verb = new Verb(
            "ask",
            "Answers a question about pictures: photographs, charts, diagrams, documents, screens.",
            "palisharp ask photo.jpg \"what colour is the ring?\"",
            "palisharp ask 'photos/*.jpg' -q \"how many people are there?\" --kind count --json",
            "palisharp ask invoice.png -q \"what is the total?\" --schema total.schema.json")
        {
            pictures,
            question,
            language,
            kind,
            bare,
            together,
            frames,
        };
        grammar.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            (string[] images, string text) = Split(parsed.GetRequiredValue(pictures), parsed.GetValue(question));
            AnswerChoice choice = options.Read(parsed, host);
            GrammarChoice form = grammar.Read(parsed);
            AnswerTask task = PictureArgument.Prompt(() => new AnswerTask(text)
            {
                Language = parsed.GetRequiredValue(language),
                Kind = Kinds[parsed.GetValue(kind) ?? "text"],
                Form = parsed.GetValue(bare) ? QuestionForm.Bare : QuestionForm.Prefixed,
                Options = choice.Generation,
            });
            if (task.Kind != AnswerKind.Text && !form.IsFree)
                throw new UsageException("--kind excludes --schema and --pattern.");
            string prompt = PictureArgument.Prompt(() => task.Form == QuestionForm.Bare ? TaskPrompts.BareQuestion(text) : TaskPrompts.Answer(text, task.Language));
            int? clipFrames = parsed.GetValue(frames);
            IReadOnlyList<PictureInput> inputs = PictureArgument.Find(images, clipFrames);
            bool isTogether = parsed.GetValue(together);
            if (form.Schema is { } schema)
            {
                var json = new TaskRequest<JsonResult>(_ => new JsonTask(prompt, schema) { Options = choice.Generation }, inputs, choice);
                return PromptCommand.RunAsync(host, new TextRequest<JsonResult>(json) { IsTogether = isTogether, Frames = clipFrames }, isRaw: false, cancellationToken);
            }

            var asked = new TaskRequest<AnswerResult>(model => task with { Options = form.Apply(model, choice.Generation) }, inputs, choice);
            var request = new TextRequest<AnswerResult>(asked) { IsTogether = isTogether, Frames = clipFrames, StreamedPrompt = form.IsFree && task.Kind == AnswerKind.Text ? prompt : null };
            return PromptCommand.RunAsync(host, request, isRaw: false, cancellationToken);
        });
        return verb;
    }

    private static (string[] Pictures, string Question) Split(string[] arguments, string? question)
    {
        if (question is not null)
            return (arguments, question);
        return arguments.Length > 1 && !PictureFinder.IsPicture(arguments[^1])
            ? (arguments[..^1], arguments[^1])
            : throw new UsageException("There is no question. Give it after the pictures or with --question.");
    }
}
