using PaliSharp.Cli.Options;
using PaliSharp.Exports;

namespace PaliSharp.Cli.Output;

/// <summary>What is written of objects beside the results: drawn pictures, and files for other tools.</summary>
/// <param name="Draw">Where to draw; null for nowhere.</param>
/// <param name="Exports">The files for other tools.</param>
internal sealed record ObjectOutput(DrawTarget? Draw, IReadOnlyList<ExportTarget> Exports)
{
    private readonly List<ExportPicture> _pictures = [];

    /// <summary>Keeps a picture for the exports.</summary>
    public void Add(ExportPicture picture)
    {
        if (Exports.Count > 0)
            _pictures.Add(picture);
    }

    /// <summary>Writes the exports.</summary>
    /// <param name="classes">Labels in the order in which they are numbered.</param>
    /// <param name="written">Told each path.</param>
    public void Complete(IReadOnlyList<string> classes, Action<string> written)
    {
        foreach (ExportTarget target in Exports)
        {
            ResultExport.Write(target.Format, target.Path, _pictures, classes);
            written(target.Path);
        }
    }
}
