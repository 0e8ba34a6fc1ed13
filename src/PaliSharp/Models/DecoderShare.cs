using System.Runtime.InteropServices;
using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>Some of the sequences of a pass through the decoder, which do not depend on the others. Reused between passes; one thread at a time.</summary>
/// <param name="decoder">The decoder.</param>
/// <param name="ops">The device.</param>
/// <param name="stack">Working memory of its own.</param>
internal sealed class DecoderShare(GemmaDecoder decoder, TensorBackend ops, SequenceStack stack) : IDisposable
{
    private readonly DecoderBatch _batch = new();
    private readonly List<SequenceInput> _sequences = [];
    private Tensor? _x;

    /// <summary>What the last step left: after <see cref="Finish"/> [rows, width] after the final norm.</summary>
    public Tensor Output => _x ?? throw new InvalidOperationException("The pass has not begun or has ended.");

    /// <summary>Gives shares their sequences, in order and about as many rows to each.</summary>
    /// <exception cref="ArgumentException">There is no sequence.</exception>
    public static void Divide(ReadOnlySpan<SequenceInput> sequences, ReadOnlySpan<DecoderShare> shares)
    {
        if (sequences.IsEmpty)
            throw new ArgumentException("There is no sequence to put through the decoder.", nameof(sequences));
        long rows = 0;
        foreach (ref readonly SequenceInput sequence in sequences)
            rows += sequence.Rows;
        long given = 0;
        int next = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            // At least one each, and enough left for those who follow.
            int last = sequences.Length - (shares.Length - i - 1);
            long end = rows * (i + 1) / shares.Length;
            do
            {
                given += sequences[next].Rows;
                shares[i]._sequences.Add(sequences[next++]);
            }
            while (next < last && (i == shares.Length - 1 || given + (sequences[next].Rows / 2) < end));
        }
    }

    /// <summary>Stacks the sequences.</summary>
    public void Begin()
    {
        _batch.Clear();
        _x = stack.Stack(CollectionsMarshal.AsSpan(_sequences), _batch, probe: null);
    }

    /// <summary>Computes a layer.</summary>
    public void RunLayer(int layer)
    {
        Tensor input = Output;
        _x = null;
        _x = decoder.RunBlock(layer, ops, input, _batch, probe: null);
    }

    /// <summary>The final norm; the caches count the new positions from here on.</summary>
    public void Finish()
    {
        Tensor input = Output;
        _x = null;
        _x = decoder.Finish(ops, input, _batch, probe: null);
    }

    /// <summary>The whole pass.</summary>
    public void Run()
    {
        Begin();
        for (int layer = 0; layer < decoder.Layers; layer++)
            RunLayer(layer);
        Finish();
    }

    /// <summary>Hands the output out.</summary>
    public Tensor Take()
    {
        Tensor output = Output;
        _x = null;
        return output;
    }

    /// <summary>Frees what a pass left; the share can be used again.</summary>
    public void Dispose()
    {
        _x?.Dispose();
        _x = null;
        _sequences.Clear();
        _batch.Clear();
    }
}
