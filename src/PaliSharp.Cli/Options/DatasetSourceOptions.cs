using System.CommandLine;
using System.Text.Json;
using PaliSharp.Training.Data;

namespace PaliSharp.Cli.Options;

/// <summary>Which data set is read, and how.</summary>
internal sealed class DatasetSourceOptions
{
    private static readonly Dictionary<string, SourceKind> Kinds =
        Enum.GetValues<SourceKind>().ToDictionary(kind => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString()), StringComparer.Ordinal);

    private readonly Argument<string> _path = new("IN") { Description = "A .jsonl, .csv or .tsv file, a folder of pictures, or a file of another "
        + "kind named by --from." };

    private readonly Option<string?> _kind = new("--from")
    {
        Description = $"What the file is, where its name does not say so: {string.Join(", ", Kinds.Keys)}.",
        HelpName = "KIND",
    };

    private readonly Option<string?> _annotations = new("--annotations") { Description = "vqa: the file of the answers.", HelpName = "FILE" };

    private readonly Option<string?> _images = new("--images") { Description = "The folder of the pictures. Default: that of the file.", HelpName = "DIR" };

    private readonly Option<string?> _imageName = new("--image-name") { Description = "vqa: the name of a picture, such as "
        + "COCO_train2014_{id:12}.jpg.", HelpName = "NAME" };

    private readonly Option<string?> _prefix = new("--prefix") { Description = "The prompt; {prefix} is the item's own text. Default: the custom "
        + "of the kind.", HelpName = "TEXT" };

    private readonly Option<string?> _texts = new("--texts") { Description = "folder: files (NAME.txt beside each picture, the default) or "
        + "folders (named by class)." };

    private readonly Option<string?> _answers = new("--answers") { Description = "vqa: frequent (the default) or each." };

    private readonly Option<string?> _order = new("--order") { Description = "coco: the order of things in a text: file (the default here), "
        + "raster or random." };

    private readonly Option<string?> _codec = new("--codec") { Description = "A mask codec, for masks: the vae-oid.npz of PaliGemma or a file "
        + "like it.", HelpName = "FILE" };

    /// <summary>Creates the options.</summary>
    public DatasetSourceOptions()
    {
        _kind.AcceptOnlyFromAmong([.. Kinds.Keys]);
        _texts.AcceptOnlyFromAmong("files", "folders");
        _answers.AcceptOnlyFromAmong("frequent", "each");
        _order.AcceptOnlyFromAmong("file", "raster", "random");
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_path);
        foreach (Option option in (Option[])[_kind, _annotations, _images, _imageName, _prefix, _texts, _answers, _order, _codec])
            command.Add(option);
    }

    /// <summary>Reads what was given.</summary>
    public SourceDescription Read(ParseResult parsed) => new()
    {
        Path = parsed.GetRequiredValue(_path),
        Kind = parsed.GetValue(_kind) is { } kind ? Kinds[kind] : null,
        Annotations = parsed.GetValue(_annotations),
        Images = parsed.GetValue(_images),
        ImageName = parsed.GetValue(_imageName),
        Prefix = parsed.GetValue(_prefix),
        Texts = Enum.Parse<FolderTexts>(parsed.GetValue(_texts) ?? nameof(FolderTexts.Files), ignoreCase: true),
        Answers = Enum.Parse<VqaAnswers>(parsed.GetValue(_answers) ?? nameof(VqaAnswers.Frequent), ignoreCase: true),
        Order = Enum.Parse<ObjectOrder>(parsed.GetValue(_order) ?? nameof(ObjectOrder.File), ignoreCase: true),
        Codec = parsed.GetValue(_codec),
    };
}
