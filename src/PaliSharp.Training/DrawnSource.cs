using System.Globalization;
using System.Text.Json;
using PaliSharp.Evaluation;
using PaliSharp.Segmentation;

namespace PaliSharp.Training;

/// <summary>Examples drawn on the spot, without end and without a file: scenes, text lines, charts, tables (see <see cref="DrawnExamples"/>).</summary>
/// <param name="examples">Draws them.</param>
public sealed class DrawnSource(DrawnExamples examples) : ITrainingSource
{
    private static readonly JsonSerializerOptions Options =
        new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

    private IReadOnlyList<DrawnExample> _current = [];
    private int _picture = -1;
    private int _next;

    /// <inheritdoc/>
    public long? ExamplesPerEpoch => null;

    /// <summary>Opens what a recipe names: <c>{"drawn": {…fields of <see cref="DrawnMixture"/>…}, "maskCodec": "PATH"}</c>.</summary>
    /// <param name="data">The recipe's data.</param>
    /// <param name="baseFolder">What relative paths are relative to.</param>
    /// <param name="seed">The seed of everything.</param>
    /// <exception cref="RecipeException">The data is not understood.</exception>
    /// <exception cref="CheckpointException">The mask codec cannot be read.</exception>
    public static DrawnSource Open(JsonElement data, string baseFolder, ulong seed)
    {
        try
        {
            Choice choice = data.Deserialize<Choice>(Options)!;
            string? path = choice.MaskCodec is null ? null : Path.Combine(baseFolder, choice.MaskCodec);
            if (path is not null && !File.Exists(path))
                throw new RecipeException($"The mask codec '{path}' does not exist. Correct \"maskCodec\", or leave it out to learn no masks.");
            return new DrawnSource(new DrawnExamples(seed, choice.Drawn, path is null ? null : MaskCodec.Load(path)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException or ArgumentException)
        {
            throw new RecipeException($"The drawn data of the recipe is not understood: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public TrainingExample Next()
    {
        if (_next == _current.Count)
            Go(_picture == int.MaxValue ? 0 : _picture + 1);
        DrawnExample example = _current[_next++];
        return new TrainingExample([example.Image], example.Prefix, example.Suffix) { Origin = $"drawn picture {_picture}, {example.Task} {_next}" };
    }

    /// <inheritdoc/>
    public string SavePosition() => string.Create(CultureInfo.InvariantCulture, $"{_picture}:{_next}");

    /// <inheritdoc/>
    public void RestorePosition(string position)
    {
        ArgumentNullException.ThrowIfNull(position);
        string[] parts = position.Split(':');
        if (parts.Length != 2
            || !int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int picture)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int next)
            || picture < -1)
        {
            throw Foreign(position);
        }

        if (picture < 0)
            (_picture, _current) = (-1, []);
        else
            Go(picture);
        if (next > _current.Count)
            throw Foreign(position);
        _next = next;
    }

    private static RecipeException Foreign(string position) =>
        new($"The position '{position}' does not belong to drawn data. Resume with the same data.");

    private void Go(int picture)
    {
        _current = examples.Draw(picture);
        (_picture, _next) = (picture, 0);
    }

    private sealed record Choice
    {
        public DrawnMixture Drawn { get; init; } = new();

        public string? MaskCodec { get; init; }
    }
}
