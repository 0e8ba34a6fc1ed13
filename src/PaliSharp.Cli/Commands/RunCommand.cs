using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp run</c>: any prompt.</summary>
internal static class RunCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create(isRequired: false);
        Option<string> prompt = new("--prompt", "-p") { Description = "The text the model sees, as it is.", HelpName = "TEXT", Required = true };
        Option<bool> raw = new("--raw") { Description = "Write the model's text and nothing else." };
        Option<bool> together = PictureArgument.Together();
        Option<int?> frames = PictureArgument.Frames();
        Option<bool> special = new("--special-tokens") { Description = "Turn control tokens written in the prompt, such as <loc0512>, into tokens." };
        var grammar = new GrammarOptions();
        var options = new AnswerOptions(defaultTokens: 128);
        var verb = new Verb(
            "run",
            "Gives a prompt to the model as it is; without a picture, text alone.",
            "palisharp run photo.jpg -p \"answer en where is the cat?\"",
            "palisharp run photo.jpg -p \"segment cat\" --raw",
            "palisharp run before.jpg after.jpg --together -p \"what changed?\"",
            "palisharp run ticket.jpg -p \"answer en what is the date?\" --pattern \"[0-9]{4}-[0-9]{2}-[0-9]{2}\"",
            "palisharp run -p \"Once upon a time\" --temperature 0.8 --seed 7")
        {
            pictures,
            prompt,
            raw,
            together,
            frames,
            special,
        };
        grammar.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host);
            choice = choice with { Generation = choice.Generation with { ParseSpecialTokens = parsed.GetValue(special) } };
            bool isRaw = parsed.GetValue(raw);
            if (choice.Output.Json && isRaw)
                throw new UsageException("--raw and --json exclude each other.");
            GrammarChoice form = grammar.Read(parsed);
            string text = parsed.GetRequiredValue(prompt);
            int? clipFrames = parsed.GetValue(frames);
            IReadOnlyList<PictureInput> inputs = PictureArgument.Find(parsed.GetValue(pictures) ?? [], clipFrames);
            bool isTogether = parsed.GetValue(together);
            if (form.Schema is { } schema)
            {
                var json = new TaskRequest<JsonResult>(_ => new JsonTask(text, schema) { Options = choice.Generation }, inputs, choice);
                return PromptCommand.RunAsync(host, new TextRequest<JsonResult>(json) { IsTogether = isTogether, Frames = clipFrames }, isRaw, cancellationToken);
            }

            var asked = new TaskRequest<TextResult>(model => new PromptTask(text) { Options = form.Apply(model, choice.Generation) }, inputs, choice);
            var request = new TextRequest<TextResult>(asked) { IsTogether = isTogether, Frames = clipFrames, StreamedPrompt = form.IsFree ? text : null };
            return PromptCommand.RunAsync(host, request, isRaw, cancellationToken);
        });
        return verb;
    }
}
