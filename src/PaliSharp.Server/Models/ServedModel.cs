namespace PaliSharp.Server.Models;

/// <summary>A model under the name callers know it by.</summary>
public sealed class ServedModel
{
    /// <summary>The name, such as <c>paligemma2-3b-mix-448</c>: printable ASCII without spaces.</summary>
    public string Name { get; set; } = string.Empty;

    /// <summary>A checkpoint folder, a <c>.npz</c> file or a pulled <c>OWNER/NAME[@REVISION]</c>; null for the demonstration model.</summary>
    public string? Path { get; set; }

    /// <summary>How it is loaded and run.</summary>
    public PaliGemmaOptions Options { get; set; } = new();
}
