using System.Security.Cryptography;
using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Training.Running;

/// <summary>Where a training stands beside its parameters and its optimiser.</summary>
/// <param name="Step">The updates made.</param>
/// <param name="Position">Where the source of examples stands.</param>
/// <param name="Examples">The examples seen.</param>
/// <param name="Tokens">The tokens learnt.</param>
/// <param name="CutTexts">The suffixes cut.</param>
/// <param name="Seconds">The time spent.</param>
/// <param name="Recipe">The recipe, as it was written when training began.</param>
internal sealed record TrainingProgress(long Step, string Position, long Examples, long Tokens, long CutTexts, double Seconds, string Recipe);

/// <summary>
/// Saved states of a training: a folder for each, which appears whole or not at all and is checked by its hashes when it is read. Older ones are
/// removed only after a newer one is complete.
/// </summary>
/// <param name="root">The folder that holds the states.</param>
internal sealed class TrainingState(string root)
{
    private const string ProgressFile = "progress.json";
    private const string ParameterFile = "parameters.safetensors";
    private const string OptimiserFile = "optimiser.safetensors";
    private const string Prefix = "step-";

    /// <summary>The newest state, or null.</summary>
    public string? Newest => States().LastOrDefault();

    /// <summary>Removes all states.</summary>
    public void Clear()
    {
        foreach (string state in States().ToList())
            Directory.Delete(state, recursive: true);
    }

    /// <summary>Saves a state.</summary>
    /// <param name="progress">Where training stands.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="optimiser">The optimiser.</param>
    /// <param name="keep">How many states are kept.</param>
    /// <exception cref="IOException">It cannot be written; earlier states are untouched.</exception>
    public void Save(TrainingProgress progress, ParameterSet parameters, Optimiser optimiser, int keep)
    {
        Directory.CreateDirectory(root);
        foreach (string abandoned in Directory.EnumerateDirectories(root, "*.tmp"))
            Directory.Delete(abandoned, recursive: true);
        string target = Path.Combine(root, $"{Prefix}{progress.Step:D9}");
        string temporary = $"{target}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            SafetensorsWriter.Write(Path.Combine(temporary, ParameterFile), parameters.Select(parameter => parameter.Weight));
            SafetensorsWriter.Write(Path.Combine(temporary, OptimiserFile), optimiser.Slots.Select(slot => slot.Value));
            var file = new StateFile(progress, Hash(Path.Combine(temporary, ParameterFile)), Hash(Path.Combine(temporary, OptimiserFile)));
            AtomicFile.Write(Path.Combine(temporary, ProgressFile), stream => JsonSerializer.Serialize(stream, file));
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
            Directory.Move(temporary, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw new IOException($"The state '{target}' cannot be saved: {e.Message} Earlier states are intact: make room, and start again to go on.", e);
        }

        foreach (string old in States().SkipLast(keep).ToList())
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Reads a state into parameters and optimiser.</summary>
    /// <param name="folder">The state's folder.</param>
    /// <param name="parameters">Receive their values.</param>
    /// <param name="optimiser">Receives what it remembered.</param>
    /// <exception cref="CheckpointException">The state is damaged or belongs to another training.</exception>
    public static TrainingProgress Load(string folder, ParameterSet parameters, Optimiser optimiser)
    {
        StateFile file;
        try
        {
            file = JsonSerializer.Deserialize<StateFile>(File.ReadAllBytes(Path.Combine(folder, ProgressFile)))
                ?? throw new CheckpointException(Damaged(folder, "progress.json is empty"));
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(Damaged(folder, e.Message), e);
        }

        Read(folder, ParameterFile, file.ParameterHash, [.. parameters.Select(parameter => parameter.Weight)]);
        Read(folder, OptimiserFile, file.OptimiserHash, [.. optimiser.Slots.Select(slot => slot.Value)]);
        optimiser.Restore(file.Progress.Step);
        return file.Progress;
    }

    private IEnumerable<string> States() => Directory.Exists(root)
        ? Directory.EnumerateDirectories(root, $"{Prefix}*").Where(folder => !folder.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        : [];

    private static unsafe void Read(string folder, string name, string hash, Weight[] targets)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
            throw new CheckpointException(Damaged(folder, $"{name} is missing"));
        if (Hash(path) != hash)
            throw new CheckpointException(Damaged(folder, $"{name} does not have the content that was saved"));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Tensors.Count != targets.Length)
            throw new CheckpointException(Foreign(folder, $"{name} holds {file.Tensors.Count} tensors, not {targets.Length}"));
        foreach (Weight target in targets)
        {
            if (!file.TryGetEntry(target.Name, out _))
                throw new CheckpointException(Foreign(folder, $"{name} has no '{target.Name}'"));
            Weight source = file.GetWeight(target.Name);
            if (source.Shape != target.Shape || source.Type != target.Type)
                throw new CheckpointException(Foreign(folder, $"'{target.Name}' is {source.Type} {source.Shape}, not {target.Type} {target.Shape}"));
            Buffer.MemoryCopy(source.Data, target.Data, target.ByteLength, source.ByteLength);
        }
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static string Damaged(string folder, string what) =>
        $"The saved state '{folder}' is damaged: {what}. Delete that folder to go on from the state before it, or begin anew in another folder.";

    private static string Foreign(string folder, string what) =>
        $"The saved state '{folder}' belongs to another training: {what}. Resume with the recipe it was begun with, or begin anew in another folder.";

    private sealed record StateFile(TrainingProgress Progress, string ParameterHash, string OptimiserHash);
}
