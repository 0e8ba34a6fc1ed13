using PaliSharp.Cli.Input;
using PaliSharp.Cli.Output;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>A task whose results are text, and how pictures are put to it.</summary>
/// <param name="Task">The task for each picture.</param>
/// <typeparam name="TResult">The kind of text.</typeparam>
internal sealed record TextRequest<TResult>(TaskRequest<TResult> Task)
    where TResult : TextResult
{
    /// <summary>Puts all pictures into one prompt.</summary>
    public bool IsTogether { get; init; }

    /// <summary>How many frames of the only picture, a clip, go into one prompt; null for the picture itself.</summary>
    public int? Frames { get; init; }

    /// <summary>The text the model sees, if the answer may be shown while it is being written; else null.</summary>
    public string? StreamedPrompt { get; init; }
}

/// <summary>What verbs do that answer with text: about each picture, about all together or about none; on a terminal as it is written.</summary>
/// <typeparam name="TResult">The kind of text.</typeparam>
internal sealed class TextVerb<TResult>(CliHost host, TextRequest<TResult> request, TextView<TResult> view)
    where TResult : TextResult
{
    private readonly TaskRequest<TResult> _task = request.Task;
    private readonly ProgressDisplay _progress = new(host, request.Task.Choice.Output);

    private bool IsJoint => request.IsTogether || request.Frames is not null || _task.Pictures.Count == 0;

    private bool IsStreamed => request.StreamedPrompt is not null
        && host.IsOutputInteractive
        && _task.Choice is { Stream: true, Output: { Json: false, Timings: false } }
        && (IsJoint || _task.Pictures.Count == 1);

    /// <summary>Answers.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, _task.Choice, _progress);
        if (!IsJoint && !IsStreamed)
            return await new TaskVerb<TResult>(host, _task, view).RunAsync(model, cancellationToken);

        // An answer about some of the pictures would answer another question.
        IReadOnlyList<Image?> images = ReadPictures();
        if (images.Contains(null))
            return ExitCode.Failure;
        VisionTask<TResult> task = _task.Task(model);
        if (IsStreamed)
            await StreamAsync(model, new GenerationRequest(request.StreamedPrompt!, images!, task.Options), cancellationToken);
        else
            view.WriteJoint(_task.Pictures, await _progress.SpinAsync("Answering", () => model.RunAsync(images!, task, cancellationToken)));
        return ExitCode.Success;
    }

    private IReadOnlyList<Image?> ReadPictures()
    {
        if (request.Frames is { } frames)
            return ClipFrames.Read(_task.Pictures[0].Name, frames);
        return [.. _task.Pictures.Select(picture => picture.TryRead(host))];
    }

    private async Task StreamAsync(PaliGemma model, GenerationRequest prompt, CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<GenerationPiece> pieces = model.StreamAsync(prompt, cancellationToken).GetAsyncEnumerator(cancellationToken);
        bool hasPiece = await _progress.SpinAsync("Looking", () => pieces.MoveNextAsync().AsTask());
        while (hasPiece)
        {
            host.Output.Write(view.IsRaw ? pieces.Current.Text : TerminalText.Clean(pieces.Current.Text));
            if (pieces.Current.Result is { } result)
            {
                host.Output.WriteLine();
                if (result.FinishReason == FinishReason.Length)
                    _progress.Note($"note: the answer was cut at {result.Tokens.Count} tokens; --max-tokens raises the limit.");
            }

            hasPiece = await pieces.MoveNextAsync();
        }
    }
}
