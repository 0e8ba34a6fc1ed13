using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp science</c>: multiple-choice questions.</summary>
internal static class ScienceCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string> question = new("--question", "-q") { Description = "The question.", HelpName = "TEXT", Required = true };
        Option<string[]> choices = new("--option") { Description = "A possible answer. Give at least two.", HelpName = "TEXT", Required = true };
        Option<string?> hint = new("--hint") { Description = "What stands before the options as context.", HelpName = "TEXT" };
        Option<string?> form = new("--form") { Description = "How the question is put: letters as in ScienceQA (default), or choose as in A-OKVQA and AI2D." };
        form.AcceptOnlyFromAmong("letters", "choose");
        Option<bool> score = new("--score") { Description = "Score every option instead of having the model write its answer." };
        var options = new AnswerOptions(defaultTokens: 128, isLive: false);
        var verb = new Verb(
            "science",
            "Answers multiple-choice questions about pictures.",
            "palisharp science diagram.png -q \"which part is the stem?\" --option A --option B --option C",
            "palisharp science photo.jpg -q \"what is the dog doing?\" --option sleeping --option running --form choose --score --json")
        {
            pictures,
            question,
            choices,
            hint,
            form,
            score,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host);
            var task = new ChoiceTask(parsed.GetRequiredValue(question), parsed.GetRequiredValue(choices))
            {
                Form = parsed.GetValue(form) == "choose" ? ChoiceForm.ChooseFrom : ChoiceForm.Letters,
                Context = parsed.GetValue(hint),
                Options = choice.Generation,
            };
            _ = PictureArgument.Prompt(task.ToPrompt);
            IReadOnlyList<PictureInput> inputs = PictureFinder.Find(parsed.GetRequiredValue(pictures));
            var request = new TaskRequest<ChoiceResult>(_ => task, inputs, choice);
            if (parsed.GetValue(score))
                request = request with { Answer = (model, image, token) => model.ChooseAsync(image, task, cancellationToken: token) };
            return new TaskVerb<ChoiceResult>(host, request, new ChoiceView(host, choice.Output, inputs.Count > 1)).RunAsync(cancellationToken);
        });
        return verb;
    }
}
