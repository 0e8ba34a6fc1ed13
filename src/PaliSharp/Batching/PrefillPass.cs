using System.Runtime.InteropServices;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>
/// Several prompts on their way through the decoder. A prompt goes in whole: under the prefix-LM mask each of its positions sees all others.
/// </summary>
internal sealed class PrefillPass : BatchPass
{
    private readonly List<GenerationItem> _items;
    private readonly List<int> _lastRows = [];
    private readonly TokenStep _tokens;
    private readonly PaliGemmaModel _model;
    private readonly BatchCounters _counters;
    private DecoderPass? _pass;

    /// <summary>Gathers prompts; the first step begins.</summary>
    public PrefillPass(PaliGemmaModel model, TokenStep tokens, BatchCounters counters, List<GenerationItem> items)
    {
        _model = model;
        _tokens = tokens;
        _counters = counters;
        _items = items;
        Rows = items.Sum(item => item.PromptPositions);
    }

    public override int Rows { get; }

    public override bool IsAbandoned => _items.TrueForAll(item => item.IsOver);

    /// <summary>The items that hold memory for their keys and values.</summary>
    public List<GenerationItem> Items => _items;

    public override bool Step()
    {
        if (_pass is null)
        {
            Begin();
            return _pass is null;
        }

        _pass.Step();
        if (!_pass.IsComplete)
            return false;
        using (Tensor hidden = _pass.Finish())
        using (Tensor last = _model.SelectRows(hidden, CollectionsMarshal.AsSpan(_lastRows)))
        {
            foreach (GenerationItem item in _items)
                item.NotePrefilled();
            _tokens.Advance(last, _items);
        }

        return true;
    }

    public override void Fail(Exception exception)
    {
        foreach (GenerationItem item in _items)
            item.Fail(exception);
    }

    public override void Dispose() => _pass?.Dispose();

    private void Begin()
    {
        var inputs = new List<SequenceInput>(_items.Count);
        int rows = 0;
        foreach (GenerationItem item in _items.ToArray())
        {
            if (TryBegin(item) is not { } input)
            {
                _items.Remove(item);
                continue;
            }

            inputs.Add(input);
            rows += input.Rows;
            _lastRows.Add(rows - 1);
        }

        if (inputs.Count == 0)
            return;
        _counters.AddPromptTokens(rows);
        _pass = _model.BeginForward(CollectionsMarshal.AsSpan(inputs));
    }

    private static SequenceInput? TryBegin(GenerationItem item)
    {
        if (item.IsOver)
            return null;
        try
        {
            return item.Begin();
        }
        catch (Exception exception) // an item's failure is its own
        {
            item.Fail(exception);
            item.Release();
            return null;
        }
    }
}
