using System.Runtime.InteropServices;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>One token for every sequence of some items. Kept between steps, so that a step allocates nothing.</summary>
/// <param name="model">The model.</param>
/// <param name="counters">Counts tokens.</param>
internal sealed class TokenStep(PaliGemmaModel model, BatchCounters counters)
{
    private readonly List<SequenceInput> _inputs = [];

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
            anyCapped |= item.Generation.WantsSoftCap;
            anyUncapped |= !item.Generation.WantsSoftCap;
        }

        using Tensor? capped = anyCapped ? model.Logits(hidden, softCap: true) : null;
        using Tensor? uncapped = anyUncapped ? model.Logits(hidden, softCap: false) : null;
        int row = 0;
        foreach (GenerationItem item in items)
        {
            int rows = item.Generation.Rows;
            Choose(item, item.Generation.WantsSoftCap ? capped! : uncapped!, row);
            row += rows;
        }

        counters.AddGeneratedTokens(items.Count);
    }

    private static void Choose(GenerationItem item, Tensor logits, int row)
    {
        if (item.IsOver)
            return;
        try
        {
            item.Advance(logits, row);
        }
        catch (Exception exception) // a constraint, a stop condition or a listener that fails ends its own request only
        {
            item.Fail(exception);
        }
    }
}
