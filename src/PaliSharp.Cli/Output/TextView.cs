using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows results that are text.</summary>
/// <param name="host">Where to write.</param>
/// <param name="output">How.</param>
/// <param name="isNamed">Whether the picture's name stands before the text, as there are several.</param>
/// <param name="text">What of a result is shown; null for its text.</param>
/// <typeparam name="TResult">The kind of text.</typeparam>
internal sealed class TextView<TResult>(CliHost host, OutputChoice output, bool isNamed, Func<TResult, string>? text = null) : ResultView<TResult>(host, output)
    where TResult : TextResult
{
    /// <summary>Whether texts are written as they are, control characters included.</summary>
    public bool IsRaw { get; init; }

    /// <summary>Shows an answer to one prompt about several pictures, or about none.</summary>
    public void WriteJoint(IReadOnlyList<PictureInput> pictures, TResult result)
    {
        string? name = pictures is [var only] ? only.Name : null;
        IReadOnlyList<string>? names = pictures.Count > 1 ? [.. pictures.Select(picture => picture.Name)] : null;
        if (IsJson)
            WriteJson(result is JsonResult json ? JsonValueLine.Of(name, names, json) : TextLine.Of(name, names, result), result);
        else
            Host.Output.WriteLine(Shown(result));
        Note(name, result);
    }

    /// <inheritdoc/>
    protected override void Show(PictureInput picture, TResult result) =>
        Host.Output.WriteLine(isNamed && !IsRaw ? $"{TerminalText.Clean(picture.Name)}: {Shown(result)}" : Shown(result));

    private string Shown(TResult result)
    {
        if (IsRaw)
            return result.Generation.Text;
        return TerminalText.Clean(text is null ? result.Text : text(result));
    }
}
