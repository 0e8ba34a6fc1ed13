using System.Buffers;
using System.Text;

namespace PaliSharp.Tokenization;

/// <summary>
/// Byte-pair encoding of text without added tokens: characters become symbols, then the pair with the best priority is merged, the leftmost
/// of equals first, until no pair is left. A linked list and a priority queue make it n·log n whatever the text.
/// </summary>
internal sealed class BytePairEncoder(TokenizerDefinition definition)
{
    private const int Dead = -1;

    private readonly SymbolTable _symbols = definition.Symbols;
    private readonly MergeTable _merges = definition.Merges;
    private readonly int[] _byteIds = definition.ByteIds;
    private readonly int _unknownId = definition.UnknownId;
    private readonly bool _fuseUnknown = definition.FuseUnknown;

    /// <summary>Encodes a text and appends its ids.</summary>
    /// <param name="text">Valid UTF-16; spaces stand for U+2581.</param>
    /// <param name="ids">Receives the ids.</param>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        if (text.IsEmpty)
            return;

        Node[] nodes = ArrayPool<Node>.Shared.Rent(text.Length);
        try
        {
            int count = Split(text, ref nodes);
            Merge(nodes.AsSpan(0, count));
            Append(nodes.AsSpan(0, count), ids);
        }
        finally
        {
            ArrayPool<Node>.Shared.Return(nodes);
        }
    }

    private int Split(ReadOnlySpan<char> text, ref Node[] nodes)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = text[i] == ' ' ? Tokenizer.SpaceMarker : text[i];
            int symbol = _symbols.Get(unit);
            if (symbol >= 0)
            {
                nodes[count++].Symbol = symbol;
                continue;
            }

            Rune character = char.IsHighSurrogate(unit) ? new Rune(unit, text[++i]) : new Rune(unit);
            symbol = _symbols.Get(character);
            if (symbol >= 0)
            {
                nodes[count++].Symbol = symbol;
                continue;
            }

            // Bytes are more symbols than UTF-16 units; there must stay room for one symbol a unit.
            int needed = count + character.Utf8SequenceLength + (text.Length - i);
            if (needed > nodes.Length)
                Grow(ref nodes, count, needed);
            count += SplitBytes(character, nodes.AsSpan(count));
        }

        return count;
    }

    private static void Grow(ref Node[] nodes, int count, int needed)
    {
        Node[] grown = ArrayPool<Node>.Shared.Rent(Math.Max(needed, nodes.Length * 2));
        nodes.AsSpan(0, count).CopyTo(grown);
        ArrayPool<Node>.Shared.Return(nodes);
        nodes = grown;
    }

    private int SplitBytes(Rune character, Span<Node> nodes)
    {
        Span<byte> bytes = stackalloc byte[4];
        int length = character.EncodeToUtf8(bytes);
        for (int i = 0; i < length; i++)
        {
            int id = _byteIds[bytes[i]];
            if (id < 0)
            {
                nodes[0].Symbol = _unknownId;
                return 1;
            }

            nodes[i].Symbol = id;
        }

        return length;
    }

    private void Merge(Span<Node> nodes)
    {
        int count = nodes.Length;
        int candidates = 0;
        for (int i = 0; i < count; i++)
        {
            nodes[i].Previous = i - 1;
            nodes[i].Next = i + 1;
            nodes[i].Merged = Dead;
            if (i + 1 < count && _merges.TryGet(nodes[i].Symbol, nodes[i + 1].Symbol, out nodes[i].Priority, out nodes[i].Merged))
                candidates++;
        }

        if (candidates == 0)
            return;
        var queue = new MergeQueue(candidates);
        try
        {
            for (int i = 0; i < count; i++)
            {
                if (nodes[i].Merged >= 0)
                    queue.AddUnordered(Key(nodes[i].Priority, i));
            }

            queue.Order();
            while (queue.TryTake(out ulong key))
            {
                int position = (int)(uint)key;
                ref Node node = ref nodes[position];
                if (node.Merged < 0 || node.Priority != (uint)(key >> 32))
                    continue; // the pair has changed since it was queued
                int second = node.Next;
                node.Symbol = node.Merged;
                node.Next = nodes[second].Next;
                nodes[second].Symbol = Dead;
                nodes[second].Merged = Dead;
                if (node.Next < count)
                    nodes[node.Next].Previous = position;
                Consider(nodes, position, ref queue);
                if (node.Previous >= 0)
                    Consider(nodes, node.Previous, ref queue);
            }
        }
        finally
        {
            queue.Return();
        }
    }

    private void Consider(Span<Node> nodes, int position, ref MergeQueue queue)
    {
        ref Node node = ref nodes[position];
        if (node.Next < nodes.Length && _merges.TryGet(node.Symbol, nodes[node.Next].Symbol, out node.Priority, out node.Merged))
            queue.Add(Key(node.Priority, position));
        else
            node.Merged = Dead;
    }

    private void Append(ReadOnlySpan<Node> nodes, List<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        bool unknownBefore = false;
        for (int i = 0; i < nodes.Length; i = nodes[i].Next)
        {
            int symbol = nodes[i].Symbol;
            if (!_symbols.IsToken(symbol))
            {
                ReadOnlySpan<byte> utf8 = bytes[.._symbols.Orphan(symbol).EncodeToUtf8(bytes)];
                if (HasAll(utf8))
                {
                    foreach (byte value in utf8)
                        ids.Add(_byteIds[value]);
                    unknownBefore = false;
                    continue;
                }

                symbol = _unknownId;
            }

            bool unknown = symbol == _unknownId;
            if (!(unknown && unknownBefore && _fuseUnknown))
                ids.Add(symbol);
            unknownBefore = unknown;
        }
    }

    private bool HasAll(ReadOnlySpan<byte> utf8)
    {
        foreach (byte value in utf8)
        {
            if (_byteIds[value] < 0)
                return false;
        }

        return true;
    }

    private static ulong Key(uint priority, int position) => ((ulong)priority << 32) | (uint)position;

    private struct Node
    {
        public int Symbol;
        public int Previous;
        public int Next;
        public int Merged;    // what this symbol and the next become, or Dead
        public uint Priority; // of that merge
    }
}
