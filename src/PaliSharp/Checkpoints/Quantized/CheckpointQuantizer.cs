using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>How far a quantisation is.</summary>
/// <param name="Tensor">The tensor being written.</param>
/// <param name="BytesDone">The bytes written.</param>
/// <param name="BytesTotal">The bytes to write in all.</param>
public readonly record struct QuantizationProgress(string Tensor, long BytesDone, long BytesTotal);

/// <summary>Converts checkpoints to <see cref="QuantizedFile"/>s.</summary>
public static class CheckpointQuantizer
{
    /// <summary>
    /// Writes the quantised file of a checkpoint. A Hugging Face folder is read and written tensor by tensor, so memory does not grow with the
    /// model; the file appears whole or not at all.
    /// </summary>
    /// <param name="checkpoint">A Hugging Face folder or a big_vision <c>.npz</c> file (which is unpacked into memory).</param>
    /// <param name="weights"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    /// <param name="output">The file to create or replace; by default <see cref="QuantizedFile.PathBeside"/>, where loading finds it.</param>
    /// <param name="everything">
    /// True to quantise small matrices as well, which are otherwise left as they are because that loses what shows and saves what does not.
    /// </param>
    /// <param name="progress">Told about every piece written.</param>
    /// <param name="cancellationToken">Stops between pieces and leaves no file.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be loaded, or holds values that are not finite.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static string Quantize(
        string checkpoint, WeightType weights, string? output = null, bool everything = false, IProgress<QuantizationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpoint);
        if (weights is not (WeightType.Int8 or WeightType.Int4))
            throw new ArgumentOutOfRangeException(nameof(weights), weights, "Int8 or Int4 was expected.");
        (_, string location) = CheckpointPath.Resolve(checkpoint);
        using Checkpoint source = Checkpoint.Load(checkpoint);
        output ??= QuantizedFile.PathBeside(location, weights);
        new QuantizedFileWriter(weights, everything, QuantizedFiles.SourceBytes(location), progress, cancellationToken)
            .Write(output, source.Weights.Select(WeightSource.Of));
        return output;
    }
}
