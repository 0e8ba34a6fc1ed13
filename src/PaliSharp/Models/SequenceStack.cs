using System.Runtime.InteropServices;
using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>Puts the rows of sequences one below the other, as they enter the decoder. Reused between passes, by one thread at a time.</summary>
/// <param name="ops">The device.</param>
/// <param name="embeddings">The table of token embeddings, [vocabulary, width].</param>
/// <param name="embeddingScale">The factor of text rows.</param>
internal sealed class SequenceStack(TensorBackend ops, Weight embeddings, float embeddingScale)
{
    private readonly List<RowRun> _runs = [];
    private int[] _ids = [];

    /// <summary>Stacks sequences and notes in a batch whose rows they are.</summary>
    /// <param name="sequences">At least one, each with at least one new position.</param>
    /// <param name="batch">An empty batch.</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[sum of new positions, width].</returns>
    public Tensor Stack(ReadOnlySpan<SequenceInput> sequences, DecoderBatch batch, IForwardProbe? probe)
    {
        int textCount = 0;
        foreach (ref readonly SequenceInput sequence in sequences)
        {
            if (sequence.Rows == 0)
                throw new ArgumentException("A sequence without new positions cannot be put through the decoder.", nameof(sequences));
            batch.Add(sequence.Rows, sequence.PrefixLength, sequence.Cache);
            textCount += sequence.TextIds.Length;
        }

        using Tensor? text = EmbedText(sequences, textCount);
        if (text is not null)
            probe?.Record("text/embeddings_scaled", text);
        return Merge(sequences, text);
    }

    private Tensor? EmbedText(ReadOnlySpan<SequenceInput> sequences, int count)
    {
        if (count == 0)
            return null;
        if (_ids.Length < count)
            _ids = new int[Math.Max(count, 2 * _ids.Length)];
        int next = 0;
        foreach (ref readonly SequenceInput sequence in sequences)
        {
            sequence.TextIds.Span.CopyTo(_ids.AsSpan(next));
            next += sequence.TextIds.Length;
        }

        return ops.Embedding(_ids.AsSpan(0, count), embeddings, embeddingScale);
    }

    /// <summary>Image rows enter as the projector gives them, text rows scaled by √width; images stand first in each sequence.</summary>
    private Tensor Merge(ReadOnlySpan<SequenceInput> sequences, Tensor? text)
    {
        _runs.Clear();
        int nextText = 0;
        foreach (ref readonly SequenceInput sequence in sequences)
        {
            foreach (RowRun image in sequence.Images.Span)
                _runs.Add(image);
            if (sequence.TextIds.Length > 0)
                _runs.Add(new RowRun(text!, nextText, sequence.TextIds.Length));
            nextText += sequence.TextIds.Length;
        }

        Tensor stacked = ops.ConcatenateRows(CollectionsMarshal.AsSpan(_runs));
        _runs.Clear(); // rows of pictures must not be kept alive
        return stacked;
    }
}
