using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Generation;

/// <summary>
/// How likely a model finds each of some texts as its answer to one prompt. The prompt goes through the decoder once; every text continues
/// from its keys and values, several together, and what texts begin with alike is computed once.
/// </summary>
/// <remarks>
/// Keys and values of the prompt may be shared since all texts have the same prompt, wholly visible to itself: none of its rows sees a text.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="endId">The token that ends a text.</param>
/// <param name="softCap">Whether the checkpoint's final soft-cap applies.</param>
internal sealed class LabelScorer(PaliGemmaModel model, int endId, bool softCap = true)
{
    // More rows together gain little and take memory: each needs a row of logits.
    private const int MaxRowsTogether = 64;
    private const int MaxChainsTogether = 32;
    private const long MaxCacheBytes = 1L << 30;

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
        var tree = new LabelTree(labels);
        var caches = new KvCache[CacheCount(KvCache.ByteSize(model.Config.Text, capacity), labels.Count)];
        try
        {
            for (int i = 0; i < caches.Length; i++)
                caches[i] = new KvCache(model.Config.Text, model.Backend.Pool, capacity);
            using (DecoderPass pass = model.BeginForward([prompt with { PrefixLength = length, Cache = caches[0] }]))
            {
                while (!pass.IsComplete)
                {
                    pass.Step();
                    yield return null;
                }

                TakePrompt(pass, tree);
            }

            foreach (KvCache cache in caches.Skip(1))
                cache.CopyFrom(caches[0], 0);

            // The last found first: what must be remembered stays little.
            var open = new Stack<(int First, KvRows? Before)>(tree.Children(0).Reverse().Select(child => (child, (KvRows?)null)));
            while (open.Count > 0)
            {
                ScoreSome(tree, open, caches, length);
                yield return null;
            }

            yield return tree.Scores();
        }
        finally
        {
            foreach (KvCache? cache in caches)
                cache?.Dispose();
        }
    }

    private static int CacheCount(long bytes, int labels) => (int)Math.Clamp(MaxCacheBytes / bytes, 1, Math.Min(MaxChainsTogether, labels));

    private void TakePrompt(DecoderPass pass, LabelTree tree)
    {
        using Tensor hidden = pass.Finish();
        using Tensor last = model.SelectRows(hidden, [hidden.Rows - 1]);
        using Tensor logits = model.Logits(last, softCap);
        tree.Take(0, logits.Row(0), endId);
    }

    /// <summary>Takes as many chains of tokens as fit a pass, and leaves what follows them to be done.</summary>
    private void ScoreSome(LabelTree tree, Stack<(int First, KvRows? Before)> open, KvCache[] caches, int promptLength)
    {
        var chains = new List<List<int>>();
        var inputs = new List<SequenceInput>();
        int rows = 0;
        while (chains.Count < caches.Length && open.TryPeek(out (int First, KvRows? Before) next))
        {
            List<int> chain = tree.Chain(next.First);
            if (chains.Count > 0 && rows + chain.Count > MaxRowsTogether)
                break;
            open.Pop();
            KvCache cache = caches[chains.Count];
            next.Before?.AppendTo(cache);
            inputs.Add(new SequenceInput(tree.Tokens(chain), cache.PrefixLength, default, cache));
            chains.Add(chain);
            rows += chain.Count;
        }

        using (Tensor hidden = model.Forward([.. inputs]))
        using (Tensor logits = model.Logits(hidden, softCap))
        {
            int row = 0;
            foreach (int node in chains.SelectMany(chain => chain))
                tree.Take(node, logits.Row(row++), endId);
        }

        for (int i = 0; i < chains.Count; i++)
        {
            int last = chains[i][^1];
            if (tree.Children(last) is { Count: > 0 } children)
            {
                KvRows before = KvRows.Of(caches[i], promptLength, tree.Depth(last), model.Config.Text.Layers);
                foreach (int child in children)
                    open.Push((child, before));
            }

            caches[i].Truncate(promptLength);
        }
    }

    /// <summary>The keys and values of some positions, kept aside.</summary>
    private sealed class KvRows
    {
        private readonly float[][] _keys;
        private readonly float[][] _values;
        private readonly int _count;

        private KvRows(float[][] keys, float[][] values, int count)
        {
            _keys = keys;
            _values = values;
            _count = count;
        }

        public static KvRows Of(KvCache cache, int start, int count, int layers) => new(
            [.. Enumerable.Range(0, layers).Select(layer => Rows(cache.Keys(layer), start, count).ToArray())],
            [.. Enumerable.Range(0, layers).Select(layer => Rows(cache.Values(layer), start, count).ToArray())],
            count);

        public void AppendTo(KvCache cache)
        {
            for (int layer = 0; layer < _keys.Length; layer++)
            {
                _keys[layer].CopyTo(Rows(cache.Keys(layer), cache.Length, _count));
                _values[layer].CopyTo(Rows(cache.Values(layer), cache.Length, _count));
            }

            cache.Advance(_count);
        }

        private static Span<float> Rows(Tensor tensor, int start, int count) => tensor.Span.Slice(start * tensor.Columns, count * tensor.Columns);
    }
}
