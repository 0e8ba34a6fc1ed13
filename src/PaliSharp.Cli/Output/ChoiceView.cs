using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows which option was chosen.</summary>
/// <param name="host">Where to write.</param>
/// <param name="output">How.</param>
/// <param name="isNamed">Whether the picture's name stands before the option, as there are several.</param>
internal sealed class ChoiceView(CliHost host, OutputChoice output, bool isNamed) : ResultView<ChoiceResult>(host, output)
{
    /// <inheritdoc/>
    protected override void Show(PictureInput picture, ChoiceResult result)
    {
        string shown = TerminalText.Clean(result.Option ?? "(none of the options)");
        Host.Output.WriteLine(isNamed ? $"{TerminalText.Clean(picture.Name)}: {shown}" : shown);
    }
}
