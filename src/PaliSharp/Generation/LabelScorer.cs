using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Generation;

/// <summary>
/// How likely a model finds each of some texts as its answer to one prompt. The prompt goes through the decoder once; every text continues
/// from its keys and values, several together.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="endId">The token that ends a text.</param>
/// <param name="softCap">Whether the checkpoint's final soft-cap applies.</param>
internal sealed class LabelScorer(PaliGemmaModel model, int endId, bool softCap = true)
{
    // More rows together gain little and take memory: each needs a row of logits.
    private const int MaxRowsTogether = 64;
    private const int MaxLabelsTogether = 16;
    private const long MaxCacheBytes = 512L << 20;

    /// <summary>The bytes of keys and values that scoring takes.</summary>
    /// <param name="promptPositions">The positions of the prompt, image tokens included.</param>
    /// <param name="labels">The ids of the texts.</param>
    public long KvBytes(int promptPositions, IReadOnlyList<int[]> labels)
    {
        long bytes = KvCache.ByteSize(model.Config.Text, promptPositions + labels.Max(label => label.Length));
        return bytes * CacheCount(bytes, labels.Count);
    }

    /// <summary>Scores texts, pass by pass, so that others may have the model in between.</summary>
    /// <param name="promptIds">The prompt's ids after the image tokens.</param>
    /// <param name="images">The projected rows of its pictures.</param>
    /// <param name="labels">The ids of the texts, without the end token; none is empty.</param>
    /// <returns>
    /// Null after each step but the last; then for each text the log-probability of each of its tokens and of the end. Leaving early frees everything.
    /// </returns>
    public IEnumerable<float[][]?> Score(int[] promptIds, ReadOnlyMemory<RowRun> images, IReadOnlyList<int[]> labels)
    {
        var prompt = new SequenceInput(promptIds, 0, images);
        int length = prompt.Rows;
        int capacity = length + labels.Max(label => label.Length);
        var caches = new KvCache[CacheCount(KvCache.ByteSize(model.Config.Text, capacity), labels.Count)];
        try
        {
            for (int i = 0; i < caches.Length; i++)
                caches[i] = new KvCache(model.Config.Text, model.Backend.Pool, capacity);
            float[][] scores = [.. labels.Select(label => new float[label.Length + 1])];
            using (DecoderPass pass = model.BeginForward([prompt with { PrefixLength = length, Cache = caches[0] }]))
            {
                while (!pass.IsComplete)
                {
                    pass.Step();
                    yield return null;
                }

                ScoreFirstTokens(pass, labels, scores);
            }

            foreach (KvCache cache in caches.Skip(1))
                cache.CopyFrom(caches[0], 0);
            for (int start = 0; start < labels.Count;)
            {
                int end = start;
                int rows = 0;
                while (end < labels.Count && end - start < caches.Length && (end == start || rows + labels[end].Length <= MaxRowsTogether))
                    rows += labels[end++].Length;
                ScoreOtherTokens(labels, start, end, caches, length, scores);
                start = end;
                yield return null;
            }

            yield return scores;
        }
        finally
        {
            foreach (KvCache? cache in caches)
                cache?.Dispose();
        }
    }

    private static int CacheCount(long bytes, int labels) => (int)Math.Clamp(MaxCacheBytes / bytes, 1, Math.Min(MaxLabelsTogether, labels));

    private void ScoreFirstTokens(DecoderPass pass, IReadOnlyList<int[]> labels, float[][] scores)
    {
        using Tensor hidden = pass.Finish();
        using Tensor last = model.SelectRows(hidden, [hidden.Rows - 1]);
        using Tensor logits = model.Logits(last, softCap);
        ReadOnlySpan<float> row = logits.Row(0);
        double total = Softmax.LogSumExp(row);
        for (int i = 0; i < labels.Count; i++)
            scores[i][0] = (float)(row[labels[i][0]] - total);
    }

    private void ScoreOtherTokens(IReadOnlyList<int[]> labels, int start, int end, KvCache[] caches, int promptLength, float[][] scores)
    {
        var inputs = new SequenceInput[end - start];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = new SequenceInput(labels[start + i], caches[i].PrefixLength, default, caches[i]);
        using (Tensor hidden = model.Forward(inputs))
        using (Tensor logits = model.Logits(hidden, softCap))
        {
            int next = 0;
            for (int i = start; i < end; i++)
            {
                int[] label = labels[i];
                for (int position = 0; position < label.Length; position++)
                {
                    ReadOnlySpan<float> row = logits.Row(next++);
                    int following = position + 1 < label.Length ? label[position + 1] : endId;
                    scores[i][position + 1] = (float)(row[following] - Softmax.LogSumExp(row));
                }
            }
        }

        foreach (KvCache cache in caches.AsSpan(0, inputs.Length))
            cache.Truncate(promptLength);
    }
}
