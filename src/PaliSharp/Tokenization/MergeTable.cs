using System.Runtime.CompilerServices;

namespace PaliSharp.Tokenization;

/// <summary>
/// Which two neighbouring symbols may be joined, into what, and with which priority (lower first). Both file formats end here:
/// ranks of a merge list are priorities as they are, scores of pieces become priorities by their order.
/// </summary>
internal sealed class MergeTable
{
    /// <summary>More merges than this are taken for a damaged file; Gemma has 580,604.</summary>
    public const int MaximumCount = 1 << 23;

    private const ulong Free = ulong.MaxValue;

    private readonly Entry[] _entries;
    private readonly int _mask;

    /// <summary>Creates a table with room for <paramref name="count"/> merges.</summary>
    public MergeTable(int count)
    {
        int capacity = 16;
        while (capacity < count * 3L / 2)
            capacity *= 2;
        _entries = GC.AllocateUninitializedArray<Entry>(capacity);
        Array.Fill(_entries, new Entry { Pair = Free });
        _mask = capacity - 1;
    }

    /// <summary>Sets what a pair becomes; a later call for the same pair wins, as in the official reader.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Set(int left, int right, uint priority, int merged)
    {
        ulong pair = Key(left, right);
        int slot = Slot(pair);
        while (_entries[slot].Pair != Free && _entries[slot].Pair != pair)
            slot = (slot + 1) & _mask;
        _entries[slot] = new Entry { Pair = pair, Priority = priority, Merged = merged };
    }

    /// <summary>Finds what a pair becomes.</summary>
    public bool TryGet(int left, int right, out uint priority, out int merged)
    {
        ulong pair = Key(left, right);
        Entry[] entries = _entries;
        for (int slot = Slot(pair); ; slot = (slot + 1) & _mask)
        {
            ref readonly Entry entry = ref entries[slot];
            if (entry.Pair == pair)
            {
                priority = entry.Priority;
                merged = entry.Merged;
                return true;
            }

            if (entry.Pair == Free)
            {
                priority = 0;
                merged = -1;
                return false;
            }
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Slot(ulong pair) => (int)PieceTable.Mix(pair) & _mask;

    private struct Entry
    {
        public ulong Pair;
        public uint Priority;
        public int Merged;
    }
}
