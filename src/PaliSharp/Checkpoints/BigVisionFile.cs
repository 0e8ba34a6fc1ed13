using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>
/// Loads a big_vision <c>.npz</c>: arrays stacked over layers, kernels as [inputs, outputs], no configuration. The geometry follows from
/// the shapes; the weights are copied into the canonical layout, in the type they are stored in.
/// </summary>
internal sealed class BigVisionFile
{
    private const string Prefix = "params/";
    private readonly NpzArchive _archive;
    private readonly Dictionary<string, NpyArray> _arrays = new(StringComparer.Ordinal);
    private readonly Problems _problems;

    private BigVisionFile(NpzArchive archive, Problems problems, List<string> warnings)
    {
        _archive = archive;
        _problems = problems;
        List<NpyArray> arrays = [.. archive.Arrays];
        bool prefixed = arrays.Exists(array => array.Name.StartsWith(Prefix, StringComparison.Ordinal));
        int others = 0;
        foreach (NpyArray array in arrays)
        {
            // A training state keeps the optimiser beside params/.
            if (prefixed && !array.Name.StartsWith(Prefix, StringComparison.Ordinal))
                others++;
            else
                _arrays.Add(prefixed ? array.Name[Prefix.Length..] : array.Name, array);
        }

        if (others > 0)
            warnings.Add($"{others} arrays outside params/ are ignored.");
    }

    /// <summary>Loads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What the file does not say.</param>
    /// <exception cref="CheckpointException">The file is malformed, or its arrays are not those of a PaliGemma.</exception>
    /// <exception cref="ResourceLimitException">It would unpack to far more than its own size.</exception>
    public static Checkpoint Load(string path, CheckpointOptions options)
    {
        var problems = new Problems();
        var warnings = new List<string>();
        using NpzArchive archive = NpzArchive.Open(path);
        PaliGemmaConfig config = Match(archive, options, problems, warnings, out BigVisionFile file)!;
        problems.ThrowIfAny(
            $"The arrays of '{path}' are not those of a big_vision PaliGemma",
            "Check that the file is a PaliGemma checkpoint of big_vision, or download it again.");
        var preprocessing = new ImagePreprocessing { Size = config.Vision.ImageSize };
        if (QuantizedFiles.Choose(path, options.Weights) is { } quantized)
        {
            var declared = new HuggingFaceConfig.Result(config, ImageSizeStated: true, Tied: true);
            QuantizedFile storage = QuantizedFiles.Open(quantized, path, declared, warnings, out config, out WeightSet mapped);
            return new Checkpoint(path, CheckpointFormat.BigVision, config, preprocessing, mapped, warnings, storage);
        }

        WeightSet weights = QuantizedFiles.Convert(path, file.Convert(config), options);
        return new Checkpoint(path, CheckpointFormat.BigVision, config, preprocessing, weights, warnings, storage: null);
    }

    /// <summary>Derives the geometry and checks every array against it. What does not fit is collected, not thrown.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="options">What the file does not say.</param>
    /// <param name="problems">Receives what does not fit.</param>
    /// <param name="warnings">Receives what is odd but harmless.</param>
    /// <param name="file">The arrays.</param>
    /// <returns>The geometry, or null where the shapes do not tell it.</returns>
    public static PaliGemmaConfig? Match(
        NpzArchive archive, CheckpointOptions options, Problems problems, List<string> warnings, out BigVisionFile file)
    {
        file = new BigVisionFile(archive, problems, warnings);
        PaliGemmaConfig? config = file.Geometry(options);
        if (config is not null)
            file.Compare(config);
        return config;
    }

    private bool IsFused => _arrays.ContainsKey(BigVisionLayout.Fused);

    private PaliGemmaConfig? Geometry(CheckpointOptions options)
    {
        int[]? patch = Extents(BigVisionLayout.PatchKernel, 4);
        int[]? positions = Extents(BigVisionLayout.Positions, 3);
        int[]? imageQuery = Extents(BigVisionLayout.ImageQuery, 4);
        int[]? imageMlp = Extents(BigVisionLayout.ImageMlp, 3);
        int[]? table = Extents(BigVisionLayout.Table, 2);
        int[]? mlp = Extents(BigVisionLayout.MlpOut, 3);
        int[]? query = IsFused ? Extents(BigVisionLayout.Fused, 5)?[2..] : Extents(BigVisionLayout.Query, 4)?[1..];
        int[]? keyValue = IsFused ? query : Extents(BigVisionLayout.KeyValue, 5)?[2..];
        if (patch is null || positions is null || imageQuery is null || imageMlp is null || table is null || mlp is null
            || query is null || keyValue is null)
        {
            return null;
        }

        bool second = _arrays.ContainsKey(BigVisionLayout.PostNorm);
        int heads = query[0];
        int headSize = query[2];
        int width = table[1];
        bool inside = Limit("a patch", patch[0], GeometryLimits.PatchSize)
            & Limit("the image encoder's width", patch[3], GeometryLimits.Width)
            & Limit("the image encoder's MLP", imageMlp[2], GeometryLimits.MlpWidth)
            & Limit("the image encoder's layers", imageMlp[0], GeometryLimits.Layers)
            & Limit("the image encoder's heads", imageQuery[2], GeometryLimits.Heads)
            & Limit("the decoder's width", width, GeometryLimits.Width)
            & Limit("the decoder's MLP", mlp[1], GeometryLimits.MlpWidth)
            & Limit("the decoder's layers", mlp[0], GeometryLimits.Layers)
            & Limit("the decoder's heads", Math.Max(heads, keyValue[0]), GeometryLimits.Heads)
            & Limit("the decoder's query width", (long)heads * headSize, GeometryLimits.Width);
        int grid = (int)Math.Sqrt(positions[1]);
        if (!inside)
            return null;
        if (grid * grid != positions[1] || grid > GeometryLimits.Grid)
        {
            _problems.Add("impossible extents", $"'{BigVisionLayout.Positions}' has {positions[1]} rows; a square number of at most {GeometryLimits.Grid}² was expected");
            return null;
        }

        var vision = new SigLipConfig
        {
            ImageSize = grid * patch[0],
            PatchSize = patch[0],
            Width = patch[3],
            MlpWidth = imageMlp[2],
            Layers = imageMlp[0],
            Heads = imageQuery[2],
        };
        var text = new GemmaConfig
        {
            Version = second ? GemmaVersion.Gemma2 : GemmaVersion.Gemma1,
            VocabularySize = table[0],
            Width = width,
            MlpWidth = mlp[1],
            Layers = mlp[0],
            Heads = heads,
            KeyValueHeads = keyValue[0],
            HeadSize = headSize,
            QueryScalar = options.QueryScalar ?? DefaultQueryScalar(width, heads, headSize),
            AttentionSoftCap = second ? 50 : 0,
            FinalSoftCap = second ? 30 : 0,
            SlidingWindow = second ? 4096 : 0,
        };
        CheckGeometry(vision, text);

        // big_vision has no row for <image>; pictures enter as embeddings. The first id after the table stands for their positions.
        return new PaliGemmaConfig { Vision = vision, Text = text, ImageTokenId = text.VocabularySize };
    }

    // Only the 27B decoder scales by width ÷ heads; no array tells, so its geometry is the sign.
    private static float DefaultQueryScalar(int width, int heads, int headSize) =>
        (width, heads, headSize) == (4608, 32, 128) ? width / heads : headSize;

    private bool Limit(string what, long value, long maximum)
    {
        if (value <= maximum)
            return true;
        _problems.Add("impossible extents", $"{what}: {value}, at most {maximum} was expected");
        return false;
    }

    private void CheckGeometry(SigLipConfig vision, GemmaConfig text)
    {
        if (vision.Width % vision.Heads != 0)
            _problems.Add("impossible extents", $"{vision.Heads} heads in an image encoder of width {vision.Width}");
        if (text.Heads % text.KeyValueHeads != 0)
            _problems.Add("impossible extents", $"{text.KeyValueHeads} key-value heads for {text.Heads} query heads");
        if (text.HeadSize % 2 != 0)
            _problems.Add("impossible extents", $"a head size of {text.HeadSize}, which is odd");
        if (text.VocabularySize < 3)
            _problems.Add("impossible extents", $"a table of {text.VocabularySize} rows");
    }

    private int[]? Extents(string key, int rank)
    {
        if (!_arrays.TryGetValue(key, out NpyArray? array))
        {
            _problems.Add("missing", $"'{key}'");
            return null;
        }

        if (array.Shape.Count == rank && array.Shape.All(extent => extent is > 0 and <= GeometryLimits.Vocabulary)
            && array.ElementCount <= 1L << 40)
        {
            return [.. array.Shape.Select(extent => (int)extent)];
        }

        _problems.Add("of a wrong shape", $"'{key}': expected {rank} extents of 1 to {GeometryLimits.Vocabulary}, found [{string.Join(", ", array.Shape)}]");
        return null;
    }

    private void Compare(PaliGemmaConfig config)
    {
        if (!_problems.IsEmpty)
            return;
        var expectedKeys = new HashSet<string>(StringComparer.Ordinal);
        foreach (BigVisionArray expected in BigVisionLayout.Of(config, IsFused))
        {
            _ = expectedKeys.Add(expected.Key);
            string shape = $"[{string.Join(", ", expected.Extents)}]";
            if (!_arrays.TryGetValue(expected.Key, out NpyArray? array))
                _problems.Add("missing", $"'{expected.Key}' {shape}");
            else if (!array.Shape.SequenceEqual(expected.Extents.Select(extent => (long)extent)))
                _problems.Add("of a wrong shape", $"'{expected.Key}': expected {shape}, found [{string.Join(", ", array.Shape)}]");
            else if (array.WeightType is null)
                _problems.Add("of a type that weights cannot have (f4, f2, and V2 as bfloat16 can)", $"'{expected.Key}': {Problems.Shorten(array.Type)}");
        }

        foreach ((string key, NpyArray array) in _arrays)
        {
            if (!expectedKeys.Contains(key))
                _problems.Add("not part of this model", $"'{Problems.Shorten(key)}' [{string.Join(", ", array.Shape)}]");
        }
    }

    private WeightSet Convert(PaliGemmaConfig config)
    {
        var weights = new Dictionary<string, Weight>(StringComparer.Ordinal);
        foreach (BigVisionArray array in BigVisionLayout.Of(config, IsFused))
        {
            foreach (Weight weight in Convert(array))
                weights.Add(weight.Name, ModelTensors.IsWidened(weight.Name, weight.Shape) ? WholeWeights.ToFloat32(weight) : weight);
        }

        return new WeightSet(ModelTensors.Of(config).Select(expected => weights[expected.Name]));
    }

    // In C order one weight's elements lie together, so only one of them is in memory beside the results. In Fortran order they are
    // spread over the whole array.
    private IEnumerable<Weight> Convert(BigVisionArray array)
    {
        NpyArray source = _arrays[array.Key];
        int elementSize = Weight.ElementSize(source.WeightType!.Value);
        int[] leading = array.Extents[..array.Leading];
        int[] inner = array.Extents[array.Leading..];
        long innerCount = inner.Aggregate(1L, (product, extent) => product * extent);
        long[] strides = Strides(array.Extents, source.IsFortranOrder);
        int layers = leading.Length > 0 ? leading[0] : 1;
        int parts = leading.Length > 1 ? leading[1] : 1;

        using Stream stream = _archive.OpenData(source.Name);
        NativeBuffer? whole = source.IsFortranOrder ? _archive.ReadBlock(stream, source.ByteLength, source.Name) : null;
        for (int layer = 0; layer < layers; layer++)
        {
            for (int part = 0; part < parts; part++)
            {
                NativeBuffer block = whole ?? _archive.ReadBlock(stream, innerCount * elementSize, source.Name);
                long start = whole is null ? 0 : (leading.Length > 0 ? layer * strides[0] : 0) + (leading.Length > 1 ? part * strides[1] : 0);
                yield return Reorder(array, source, block, start, inner, strides[array.Leading..], array.Name(layer, part));
                if (whole is null)
                    block.Dispose();
            }
        }

        whole?.Dispose();
    }

    private static unsafe Weight Reorder(
        BigVisionArray array, NpyArray source, NativeBuffer block, long start, int[] extents, long[] strides, string name)
    {
        WeightType type = source.WeightType!.Value;
        int elementSize = Weight.ElementSize(type);
        NativeBuffer memory = AxisPermutation.Copy((byte*)block.Pointer + (start * elementSize), extents, strides, array.Axes, elementSize);
        return new Weight(name, type, array.Shape, memory.Pointer, memory);
    }

    private static long[] Strides(int[] extents, bool fortran)
    {
        var strides = new long[extents.Length];
        long stride = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            int axis = fortran ? i : extents.Length - 1 - i;
            strides[axis] = stride;
            stride *= extents[axis];
        }

        return strides;
    }
}
