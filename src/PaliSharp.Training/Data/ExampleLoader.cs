using PaliSharp.Imaging;

namespace PaliSharp.Training.Data;

/// <summary>What became of an item: an example, or a problem.</summary>
/// <param name="Index">The item.</param>
/// <param name="Example">The example; null if there is a problem.</param>
/// <param name="Problem">The problem; null if there is an example.</param>
internal sealed record LoadedItem(int Index, TrainingExample? Example, BadItemException? Problem);

/// <summary>Makes examples of items: pictures, augmentation, the texts of the source. Holds no state; any number of threads may use it.</summary>
/// <param name="prefix">The prompt, where <see cref="PrefixPlace"/> stands for the item's own text; null for the item's text alone.</param>
/// <param name="isLowercase">Whether suffixes are written in lower case.</param>
/// <param name="maximumCharacters">The most characters of prompt and suffix together.</param>
/// <param name="augmentation">What is done to pictures and boxes; null for nothing.</param>
internal sealed class ExampleLoader(string? prefix, bool isLowercase, int maximumCharacters, Augmentation? augmentation)
{
    /// <summary>Stands for the item's own text in a prompt.</summary>
    public const string PrefixPlace = "{prefix}";

    /// <summary>Reads and prepares an item.</summary>
    public LoadedItem Load(ExampleSet set, ItemDraw draw)
    {
        try
        {
            return new LoadedItem(draw.Index, Make(set.Read(draw.Index, draw), draw), null);
        }
        catch (BadItemException e)
        {
            return new LoadedItem(draw.Index, null, e);
        }
    }

    /// <summary>The prompt of an item.</summary>
    public string Prompt(string own) => prefix is null ? own : prefix.Replace(PrefixPlace, own, StringComparison.Ordinal);

    /// <summary>An item with the texts of the source, checked.</summary>
    /// <exception cref="BadItemException">There is no suffix, or the texts are too long.</exception>
    public DataItem Texts(DataItem item)
    {
        item = item with { Prefix = Prompt(item.Prefix), Suffix = isLowercase ? item.Suffix.ToLowerInvariant() : item.Suffix };
        if (item.Objects is null && string.IsNullOrWhiteSpace(item.Suffix))
            throw new BadItemException(BadItemKind.EmptySuffix, $"{item.Origin} has an empty suffix: there is nothing to learn.");
        CheckLength(item.Prefix, item.Suffix, item.Origin);
        return item;
    }

    private TrainingExample Make(DataItem item, ItemDraw draw)
    {
        item = Texts(item);
        Image[] images = [.. item.Images.Select(path => PictureLoading.Load(path, item.Origin))];
        if (item.Objects is { } objects)
            objects.CheckSize(images[0], item.Origin);
        AugmentedItem result = augmentation?.Apply(item, images, draw) ?? new AugmentedItem(images, item.Prefix, item.Suffix, item.Objects);
        string suffix = result.Objects?.ToText(item.Origin) ?? result.Suffix;
        CheckLength(result.Prefix, suffix, item.Origin);
        return new TrainingExample(result.Images, result.Prefix, suffix) { Origin = item.Origin };
    }

    private void CheckLength(string prompt, string suffix, string origin)
    {
        if (prompt.Length + suffix.Length > maximumCharacters)
        {
            throw new BadItemException(
                BadItemKind.TextTooLong, $"{origin} has a text of {prompt.Length + suffix.Length} characters; at most {maximumCharacters} are allowed.");
        }
    }
}

/// <summary>Loads pictures of data sets.</summary>
internal static class PictureLoading
{
    /// <summary>Loads a picture.</summary>
    /// <exception cref="BadItemException">It is missing, broken or damaged.</exception>
    public static Image Load(string path, string origin)
    {
        try
        {
            Image image = Image.Load(path);
            return image.Metadata.IsDamaged
                ? throw new BadItemException(BadItemKind.BrokenPicture, $"The picture '{path}' of {origin} is damaged: parts of it are missing.")
                : image;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadItemException(BadItemKind.MissingPicture, $"The picture '{path}' of {origin} is not there.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ImageFormatException or ResourceLimitException)
        {
            throw new BadItemException(BadItemKind.BrokenPicture, $"The picture '{path}' of {origin} cannot be read: {e.Message}", e);
        }
    }
}
