namespace PaliSharp.Models;

/// <summary>The sizes that were released, as configurations: PaliGemma 3B and PaliGemma 2 3B, 10B, 28B at 224, 448 and 896 pixels.</summary>
public static class PublishedGeometry
{
    private const int TableRows = 257216;

    /// <summary>The names <see cref="Get"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. from size in new[] { "paligemma-3b", "paligemma2-3b", "paligemma2-10b", "paligemma2-28b" }
            from resolution in new[] { 224, 448, 896 }
            select $"{size}-{resolution}"];

    /// <summary>The configuration of a released size.</summary>
    /// <param name="name">A name such as <c>paligemma2-3b-224</c>.</param>
    /// <exception cref="ArgumentException">There is no such size.</exception>
    public static PaliGemmaConfig Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name))
            throw new ArgumentException($"'{name}' is no released size. There are: {string.Join(", ", Names)}.", nameof(name));
        int cut = name.LastIndexOf('-');
        GemmaConfig text = name[..cut] switch
        {
            "paligemma-3b" => new GemmaConfig
            {
                Version = GemmaVersion.Gemma1,
                VocabularySize = TableRows,
                Width = 2048,
                MlpWidth = 16384,
                Layers = 18,
                Heads = 8,
                KeyValueHeads = 1,
                HeadSize = 256,
                QueryScalar = 256,
            },
            "paligemma2-3b" => Gemma2(width: 2304, mlpWidth: 9216, layers: 26, heads: 8, keyValueHeads: 4, headSize: 256, queryScalar: 256),
            "paligemma2-10b" => Gemma2(width: 3584, mlpWidth: 14336, layers: 42, heads: 16, keyValueHeads: 8, headSize: 256, queryScalar: 256),
            _ => Gemma2(width: 4608, mlpWidth: 36864, layers: 46, heads: 32, keyValueHeads: 16, headSize: 128, queryScalar: 144),
        };
        return new PaliGemmaConfig
        {
            Vision = new SigLipConfig
            {
                ImageSize = int.Parse(name.AsSpan(cut + 1)),
                PatchSize = 14,
                Width = 1152,
                MlpWidth = 4304,
                Layers = 27,
                Heads = 16,
            },
            Text = text,
        };
    }

    private static GemmaConfig Gemma2(int width, int mlpWidth, int layers, int heads, int keyValueHeads, int headSize, float queryScalar) => new()
    {
        Version = GemmaVersion.Gemma2,
        VocabularySize = TableRows,
        Width = width,
        MlpWidth = mlpWidth,
        Layers = layers,
        Heads = heads,
        KeyValueHeads = keyValueHeads,
        HeadSize = headSize,
        QueryScalar = queryScalar,
        AttentionSoftCap = 50,
        FinalSoftCap = 30,
        SlidingWindow = 4096,
    };
}
