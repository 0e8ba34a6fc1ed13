using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;

namespace PaliSharp.Cli.Commands;

/// <summary>Loads models the way every verb does: with a spinner, a notice for the demonstration model, and the loader's warnings.</summary>
internal static class LoadedModel
{
    /// <summary>Loads a model.</summary>
    public static async Task<PaliGemma> LoadAsync(CliHost host, AnswerChoice choice, ProgressDisplay progress)
    {
        if (choice.Model.Model is null)
            progress.Note(BundledModel.Notice);
        PaliGemma model = await progress.SpinAsync(
            $"Loading {choice.Model.Model ?? "the demonstration model"}", () => Task.Run(() => choice.Model.Load(host, choice.Batch)));
        foreach (string warning in model.Warnings)
            progress.Note($"warning: {warning}");
        return model;
    }
}
