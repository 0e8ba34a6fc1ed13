using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;

namespace PaliSharp.Cli.Commands;

/// <summary>A prompt for pictures, and how it is asked.</summary>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Pictures">The pictures; none asks with text alone.</param>
/// <param name="Choice">The model, how it answers, how the answer is shown.</param>
internal sealed record TextRequest(string Prompt, IReadOnlyList<PictureInput> Pictures, AnswerChoice Choice)
{
    /// <summary>Writes the model's text and nothing else.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Puts all pictures into one prompt.</summary>
    public bool IsTogether { get; init; }
}

/// <summary>What all verbs that answer with text do.</summary>
internal sealed class TextVerb(CliHost host, TextRequest request)
{
    private readonly ProgressDisplay _progress = new(host, request.Choice.Output);
    private int _failures;

    /// <summary>Answers for all pictures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, request.Choice, _progress);
        if (request.Pictures.Count == 0 || request.IsTogether)
            await AskOnceAsync(model, cancellationToken);
        else if (request.Pictures.Count == 1)
            await AskAboutAsync(model, request.Pictures[0], cancellationToken);
        else
            await AskAboutAllAsync(model, cancellationToken);
        return _failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>One prompt with all pictures, or with none.</summary>
    private async Task AskOnceAsync(PaliGemma model, CancellationToken cancellationToken)
    {
        var images = new List<Image>();
        foreach (PictureInput picture in request.Pictures)
        {
            if (picture.TryRead(host) is { } image)
                images.Add(image);
            else
                _failures++;
        }

        // An answer about some of the pictures would answer another question.
        if (_failures > 0)
            return;
        string? name = request.Pictures is [var only] ? only.Name : null;
        IReadOnlyList<string>? names = request.Pictures.Count > 1 ? [.. request.Pictures.Select(picture => picture.Name)] : null;
        await AskAsync(model, new GenerationRequest(request.Prompt, images, request.Choice.Generation), name, names, cancellationToken);
    }

    private async Task AskAboutAsync(PaliGemma model, PictureInput picture, CancellationToken cancellationToken)
    {
        if (picture.TryRead(host) is { } image)
            await AskAsync(model, new GenerationRequest(image, request.Prompt, request.Choice.Generation), picture.Name, null, cancellationToken);
        else
            _failures++;
    }

    private async Task AskAboutAllAsync(PaliGemma model, CancellationToken cancellationToken)
    {
        int done = 0;
        foreach (PictureInput[] batch in request.Pictures.Chunk(request.Choice.Batch))
        {
            var names = new List<string>();
            var images = new List<Image>();
            foreach (PictureInput picture in batch)
            {
                if (picture.TryRead(host) is { } image)
                {
                    names.Add(picture.Name);
                    images.Add(image);
                }
            }

            _failures += batch.Length - images.Count;
            IReadOnlyList<GenerationResult> results = await _progress.SpinAsync(
                $"Pictures {done + 1} to {done + batch.Length} of {request.Pictures.Count}",
                () => model.GenerateBatchAsync(images, request.Prompt, request.Choice.Generation, cancellationToken));
            for (int i = 0; i < results.Count; i++)
                Write(results[i], names[i], images: null);
            done += batch.Length;
        }
    }

    private async Task AskAsync(
        PaliGemma model, GenerationRequest prompt, string? name, IReadOnlyList<string>? names, CancellationToken cancellationToken)
    {
        if (host.IsOutputInteractive && request.Choice.Stream && !request.Choice.Output.Json)
            await StreamAsync(model, prompt, name, cancellationToken);
        else
            Write(await _progress.SpinAsync("Answering", () => model.GenerateAsync(prompt, cancellationToken)), name, names);
    }

    private async Task StreamAsync(PaliGemma model, GenerationRequest prompt, string? name, CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<GenerationPiece> pieces = model.StreamAsync(prompt, cancellationToken).GetAsyncEnumerator(cancellationToken);
        bool hasPiece = await _progress.SpinAsync("Looking", () => pieces.MoveNextAsync().AsTask());
        while (hasPiece)
        {
            host.Output.Write(Shown(pieces.Current.Text));
            if (pieces.Current.Result is { } result)
            {
                host.Output.WriteLine();
                NoteEnd(result, name);
            }

            hasPiece = await pieces.MoveNextAsync();
        }
    }

    private void Write(GenerationResult result, string? name, IReadOnlyList<string>? images)
    {
        if (request.Choice.Output.Json)
            JsonLines.Write(host.Output, TextLine.Of(name, images, result));
        else if (request.Pictures.Count > 1 && !request.IsTogether && !request.IsRaw)
            host.Output.WriteLine($"{Shown(name!)}: {Shown(result.Text)}");
        else
            host.Output.WriteLine(Shown(result.Text));
        NoteEnd(result, name);
    }

    private void NoteEnd(GenerationResult result, string? name)
    {
        if (result.FinishReason == FinishReason.Length && !request.Choice.Output.Json)
            _progress.Note($"note: {(name is null ? "" : $"{name}: ")}the answer was cut at {result.Tokens.Count} tokens; --max-tokens raises the limit.");
    }

    private string Shown(string text) => request.IsRaw ? text : TerminalText.Clean(text);
}
