using System.Runtime.InteropServices;
using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>One token for every sequence of some items. Kept between steps, so that a step allocates nothing.</summary>
/// <param name="model">The model.</param>
/// <param name="counters">Counts tokens.</param>
internal sealed class TokenStep(PaliGemmaModel model, BatchCounters counters)
{
    // Rows of the head picked one by one are read less quickly than all of them in a stream.
    private const int NarrowShare = 4;

    private readonly List<SequenceInput> _inputs = [];
    private readonly List<int> _ids = [];

    /// <summary>Puts the tokens chosen last through the decoder and chooses the next ones.</summary>
    /// <param name="items">Items whose prompts are done and that are not finished.</param>
    public void Continue(List<GenerationItem> items)
    {
        int rows = 0;
        foreach (GenerationItem item in items)
            rows += item.Generation.Rows;
        CollectionsMarshal.SetCount(_inputs, rows);
        Span<SequenceInput> inputs = CollectionsMarshal.AsSpan(_inputs);
        int next = 0;
        foreach (GenerationItem item in items)
        {
            item.Generation.Continue(inputs.Slice(next, item.Generation.Rows));
            next += item.Generation.Rows;
        }

        using Tensor hidden = model.Forward(inputs);
        inputs.Clear(); // caches of items that end now must not be kept alive
        Advance(hidden, items);
        counters.AddDecodeStep();
    }

    /// <summary>Chooses the next tokens.</summary>
    /// <param name="hidden">[sequences, width]: hidden states at the last position of each.</param>
    /// <param name="items">Whose they are, in order.</param>
    public void Advance(Tensor hidden, List<GenerationItem> items)
    {
        bool anyCapped = false;
        bool anyUncapped = false;
        foreach (GenerationItem item in items)
        {
            item.Needed = FindNeeded(item);
            if (item.IsOver || item.Needed is not null)
                continue;
            anyCapped |= item.Generation.WantsSoftCap;
            anyUncapped |= !item.Generation.WantsSoftCap;
        }

        using Tensor? capped = anyCapped ? model.Logits(hidden, softCap: true) : null;
        using Tensor? uncapped = anyUncapped ? model.Logits(hidden, softCap: false) : null;
        int row = 0;
        foreach (GenerationItem item in items)
        {
            int rows = item.Generation.Rows;
            Tensor? all = item.Generation.WantsSoftCap ? capped : uncapped;
            Choose(item, hidden, all, row);
            row += rows;
        }

        counters.AddGeneratedTokens(items.Count);
    }

    /// <summary>The tokens whose logits are enough, if they are so few that computing them alone is worth while; otherwise null.</summary>
    private TokenSet? FindNeeded(GenerationItem item)
    {
        try
        {
            if (item.Generation.NeededNext is not { } needed)
                return null;
            int vocabulary = model.Config.Text.VocabularySize;
            long count = 0;
            foreach (TokenRange range in needed.Ranges)
                count += Math.Max(0, Math.Min(range.End, vocabulary) - range.Start);
            return count > 0 && count * NarrowShare <= vocabulary ? needed : null;
        }
        catch (Exception exception) // the constraint's, so the request's own
        {
            item.Fail(exception);
            return null;
        }
    }

    /// <summary>One item's choice.</summary>
    /// <param name="item">Who chooses.</param>
    /// <param name="hidden">[sequences, width].</param>
    /// <param name="all">All logits; null if nobody needs them.</param>
    /// <param name="row">The first row of the item.</param>
    private void Choose(GenerationItem item, Tensor hidden, Tensor? all, int row)
    {
        if (item.IsOver)
            return;
        try
        {
            if (item.Needed is { } needed)
                ChooseAmong(needed, item, hidden, row);
            else
                item.Advance(all!, row);
        }
        catch (Exception exception) // a constraint, a stop condition or a listener that fails ends its own request only
        {
            item.Fail(exception);
        }
    }

    private void ChooseAmong(TokenSet needed, GenerationItem item, Tensor hidden, int row)
    {
        int vocabulary = model.Config.Text.VocabularySize;
        _ids.Clear();
        foreach (TokenRange range in needed.Ranges)
        {
            for (int id = range.Start; id < range.End && id < vocabulary; id++)
                _ids.Add(id);
        }

        using Tensor own = model.SelectRows(hidden, [row]);
        using Tensor logits = model.LogitsOf(own, CollectionsMarshal.AsSpan(_ids), item.Generation.WantsSoftCap);
        item.Advance(CollectionsMarshal.AsSpan(_ids), logits.Span);
    }
}
