using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Evaluation;
using PaliSharp.Segmentation;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp make-data</c>: draws pictures with prompts and answers to train with.</summary>
internal static class MakeDataCommand
{
    private const string ExamplesFile = "examples.jsonl";

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string> target = new("--out", "-o") { Description = $"The folder for the pictures and {ExamplesFile}; created if missing.", HelpName = "FOLDER", Required = true };
        Option<int?> pictures = new Option<int?>("--pictures", "-n") { Description = "How many pictures are drawn. Default: 1000.", HelpName = "N" }.Between(1, 10_000_000);
        Option<int?> first = new Option<int?>("--first") { Description = "The number of the first picture, to go on where another call ended. Default: 0.", HelpName = "N" }.Between(0, 1_000_000_000);
        Option<ulong> seed = new("--seed") { Description = "Draws other pictures. Default: 0.", HelpName = "SEED" };
        Option<int?> questions = new Option<int?>("--questions") { Description = "The most examples of a picture. Default: 4.", HelpName = "N" }.Between(1, 16);
        Option<string?> codec = new("--mask-codec") { Description = "The file of the mask codec, such as models/nano/mask_codec.npz; without one there are no segmentation examples.", HelpName = "FILE" };
        var output = new OutputOptions();
        var verb = new Verb(
            "make-data",
            "Draws pictures with prompts and answers to train with: shapes, words, text lines, bar charts, tables. The same seed gives the same pictures.",
            "palisharp make-data --out data/drawn --pictures 1000 --seed 7",
            "palisharp make-data --out data/masks --mask-codec models/nano/mask_codec.npz")
        {
            target, pictures, first, seed, questions, codec,
        };
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string folder = parsed.GetRequiredValue(target);
            MaskCodec? masks = parsed.GetValue(codec) is { } path ? MaskCodec.Load(path) : null;
            var examples = new DrawnExamples(parsed.GetValue(seed), new DrawnMixture { Questions = parsed.GetValue(questions) ?? 4 }, masks);
            int drawn = parsed.GetValue(pictures) ?? 1000;
            int count = Write(examples, folder, parsed.GetValue(first) ?? 0, drawn, cancellationToken);
            string file = Path.Combine(folder, ExamplesFile);
            if (output.Read(parsed).Json)
                JsonLines.Write(host.Output, new MadeDataLine(file, drawn, count));
            else
                host.Output.WriteLine(file);
            return Task.FromResult(ExitCode.Success);
        });
        return verb;
    }

    /// <summary>Draws and writes.</summary>
    /// <returns>The number of examples written.</returns>
    private static int Write(DrawnExamples examples, string folder, int first, int pictures, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        using var lines = new StreamWriter(Path.Combine(folder, ExamplesFile), append: first > 0) { NewLine = "\n" };
        int count = 0;
        for (int i = first; i < first + pictures; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<DrawnExample> drawn = examples.Draw(i);
            string name = $"{i:D8}.png";
            drawn[0].Image.SavePng(Path.Combine(folder, name));
            foreach (DrawnExample example in drawn)
            {
                JsonLines.Write(lines, new ExampleLine(name, example.Prefix, example.Suffix));
                count++;
            }
        }

        return count;
    }
}
