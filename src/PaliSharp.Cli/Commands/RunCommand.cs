using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;

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
        Option<bool> together = new("--together") { Description = "Put all pictures into one prompt instead of asking about each." };
        Option<bool> special = new("--special-tokens") { Description = "Turn control tokens written in the prompt, such as <loc0512>, into tokens." };
        var options = new AnswerOptions(defaultTokens: 128);
        var verb = new Verb(
            "run",
            "Gives a prompt to the model as it is; without a picture, text alone.",
            "palisharp run photo.jpg -p \"answer en where is the cat?\"",
            "palisharp run photo.jpg -p \"segment cat\" --raw",
            "palisharp run before.jpg after.jpg --together -p \"what changed?\"",
            "palisharp run -p \"Once upon a time\" --temperature 0.8 --seed 7")
        {
            pictures,
            prompt,
            raw,
            together,
            special,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host);
            choice = choice with { Generation = choice.Generation with { ParseSpecialTokens = parsed.GetValue(special) } };
            if (choice.Output.Json && parsed.GetValue(raw))
                throw new UsageException("--raw and --json exclude each other.");
            var request = new TextRequest(parsed.GetRequiredValue(prompt), PictureFinder.Find(parsed.GetValue(pictures) ?? []), choice)
            {
                IsRaw = parsed.GetValue(raw),
                IsTogether = parsed.GetValue(together),
            };
            return new TextVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
