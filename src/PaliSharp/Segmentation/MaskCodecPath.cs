namespace PaliSharp.Segmentation;

/// <summary>Finds the file of a model's mask codec.</summary>
internal static class MaskCodecPath
{
    // The published name first, then the demonstration model's.
    private static readonly string[] Names = ["vae-oid.npz", "mask_codec.npz"];

    /// <summary>The file.</summary>
    /// <param name="model">The folder or file of the model.</param>
    /// <param name="chosen">The file that was asked for; null for the one beside the model.</param>
    /// <exception cref="CheckpointException">None was asked for and there is none.</exception>
    public static string Find(string model, string? chosen)
    {
        if (chosen is not null)
            return chosen;
        string folder = Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model))!;
        return Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? throw new CheckpointException(
            $"There is no mask codec beside the model: neither {string.Join(" nor ", Names)} is in '{folder}'. "
            + "Download vae-oid.npz, which the authors of PaliGemma published with big_vision, and put it there or name it in PaliGemmaOptions.MaskCodec.");
    }
}
