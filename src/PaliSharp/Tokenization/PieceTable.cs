using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace PaliSharp.Tokenization;

/// <summary>
/// The texts of all tokens by id, and the ids by text. The UTF-8 bytes of all pieces lie in one block and the index is one open-addressing
/// table, because a quarter of a million strings and dictionary nodes would cost more than reading the file. A slot holds the first eight
/// bytes, so that most look-ups, of which reading half a million merges needs 1.4 million, touch one cache line.
/// </summary>
internal sealed class PieceTable
{
    /// <summary>More tokens than four times the largest Gemma vocabulary are taken for a damaged file.</summary>
    public const int MaximumCount = 1 << 20;

    /// <summary>The longest piece that is accepted, in UTF-8 bytes. Bounds the cost of matching one position of a text.</summary>
    public const int MaximumPieceBytes = 1024;

    private const int LengthBits = 11; // holds MaximumPieceBytes; MaximumCount ids fit above
    private const uint LengthMask = (1u << LengthBits) - 1;

    // A seed per process: a file cannot be made to collide.
    private static readonly ulong Seed = RandomWord();
    private static readonly ulong Multiplier = RandomWord() | 1;

    private readonly string _file;
    private byte[] _bytes;
    private int _used;
    private int[] _starts = [];
    private int[] _lengths = [];
    private int _idLimit;
    private int _added;
    private Slot[] _slots;

    /// <summary>Creates an empty table.</summary>
    /// <param name="file">The name of the source for messages.</param>
    /// <param name="expectedCount">How many pieces to make room for.</param>
    public PieceTable(string file, int expectedCount)
    {
        _file = file;
        expectedCount = Math.Clamp(expectedCount, 256, 1 << 18);
        _bytes = new byte[expectedCount * 12];
        _slots = new Slot[(int)BitOperations.RoundUpToPowerOf2((uint)expectedCount * 2)];
    }

    /// <summary>One more than the largest id.</summary>
    public int Count => _idLimit;

    /// <summary>Adds a piece.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="piece">Its text, valid UTF-8, not empty.</param>
    /// <param name="offset">Where it stands in the file.</param>
    /// <exception cref="CheckpointException">The id or the text is there already or is out of bounds.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(int id, ReadOnlySpan<byte> piece, long offset)
    {
        if ((uint)id >= MaximumCount)
            throw TokenizerError.At(_file, offset, $"the token id {id} is outside 0…{MaximumCount - 1}");
        if (piece.IsEmpty)
            throw TokenizerError.At(_file, offset, $"token {id} is empty");
        if (piece.Length > MaximumPieceBytes)
            throw TokenizerError.At(_file, offset, $"token {id} is {piece.Length} bytes long; at most {MaximumPieceBytes} are accepted");
        EnsureId(id);
        if (_lengths[id] != 0)
            throw TokenizerError.At(_file, offset, $"the id {id} is given to both '{Text(id)}' and '{Encoding.UTF8.GetString(piece)}'");
        if ((_added + 1) * 2 > _slots.Length)
            GrowSlots();
        if (TryFind(piece, out int same, out int slot))
            throw TokenizerError.At(_file, offset, $"the token '{Encoding.UTF8.GetString(piece)}' is listed twice, as {same} and {id}");
        _slots[slot] = new Slot { Hash = Hash(piece), IdAndLength = ((uint)id << LengthBits) | (uint)piece.Length, Word = FirstWord(piece) };
        if (_used + piece.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + piece.Length));
        piece.CopyTo(_bytes.AsSpan(_used));
        _starts[id] = _used;
        _lengths[id] = piece.Length;
        _used += piece.Length;
        _idLimit = Math.Max(_idLimit, id + 1);
        _added++;
    }

    /// <summary>Checks that the ids are 0…n−1 without a gap.</summary>
    /// <exception cref="CheckpointException">An id is missing.</exception>
    public void RequireDense()
    {
        if (_added == _idLimit)
            return;
        int gap = _lengths.AsSpan(0, _idLimit).IndexOf(0);
        throw new CheckpointException(
            $"'{_file}' lists {_added} tokens with ids up to {_idLimit - 1}, but none with the id {gap}; ids must be 0…{_added - 1} without gaps. The file is damaged.");
    }

    /// <summary>The UTF-8 bytes of a piece; empty for an id outside the table.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => (uint)id < (uint)_idLimit ? _bytes.AsSpan(_starts[id], _lengths[id]) : [];

    /// <summary>The text of a piece.</summary>
    public string Text(int id) => Encoding.UTF8.GetString(Bytes(id));

    /// <summary>Whether an id has a piece.</summary>
    public bool Contains(int id) => (uint)id < (uint)_idLimit && _lengths[id] != 0;

    /// <summary>Finds the id of a piece.</summary>
    public bool TryGetId(ReadOnlySpan<byte> piece, out int id) => TryFind(piece, out id, out _);

    /// <summary>Finds the id of a piece.</summary>
    public bool TryGetId(string piece, out int id)
    {
        id = -1;
        if (piece.Length > MaximumPieceBytes)
            return false;
        Span<byte> bytes = stackalloc byte[MaximumPieceBytes];
        return Encoding.UTF8.TryGetBytes(piece, bytes, out int written) && TryGetId(bytes[..written], out id);
    }

    /// <summary>Mixes a word with this process's seed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value ^ Seed, Multiplier, out ulong low);
        return high ^ low;
    }

    /// <summary>Finds a piece, or the free slot where it belongs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryFind(ReadOnlySpan<byte> piece, out int id, out int slot)
    {
        uint hash = Hash(piece);
        ulong word = FirstWord(piece);
        Slot[] slots = _slots;
        int mask = slots.Length - 1;
        for (slot = (int)(hash & (uint)mask); ; slot = (slot + 1) & mask)
        {
            ref readonly Slot entry = ref slots[slot];
            if (entry.IdAndLength == 0)
            {
                id = -1;
                return false;
            }

            if (entry.Hash == hash && entry.Word == word && (entry.IdAndLength & LengthMask) == (uint)piece.Length)
            {
                id = (int)(entry.IdAndLength >> LengthBits);
                if (piece.Length <= 8 || _bytes.AsSpan(_starts[id], piece.Length).SequenceEqual(piece))
                    return true;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Hash(ReadOnlySpan<byte> piece)
    {
        ulong hash = Mix((ulong)piece.Length);
        while (piece.Length > 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(piece));
            piece = piece[8..];
        }

        hash = Mix(hash ^ FirstWord(piece));
        return (uint)(hash ^ (hash >> 32));
    }

    /// <summary>The first eight bytes, or all of fewer, in a way that differs for all texts of one length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FirstWord(ReadOnlySpan<byte> piece)
    {
        if (piece.Length >= 8)
            return BinaryPrimitives.ReadUInt64LittleEndian(piece);
        if (piece.Length >= 4)
            return BinaryPrimitives.ReadUInt32LittleEndian(piece) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(piece[^4..]) << 32);
        ulong word = 0;
        for (int i = 0; i < piece.Length; i++)
            word |= (ulong)piece[i] << (8 * i);
        return word;
    }

    private static ulong RandomWord()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void EnsureId(int id)
    {
        if (id < _starts.Length)
            return;
        int capacity = Math.Min(MaximumCount, Math.Max(id + 1, Math.Max(_slots.Length / 2, _starts.Length * 2)));
        Array.Resize(ref _starts, capacity);
        Array.Resize(ref _lengths, capacity);
    }

    private void GrowSlots()
    {
        var grown = new Slot[_slots.Length * 4];
        int mask = grown.Length - 1;
        foreach (Slot entry in _slots)
        {
            if (entry.IdAndLength == 0)
                continue;
            int slot = (int)(entry.Hash & (uint)mask);
            while (grown[slot].IdAndLength != 0)
                slot = (slot + 1) & mask;
            grown[slot] = entry;
        }

        _slots = grown;
    }

    private struct Slot
    {
        public uint Hash;
        public uint IdAndLength; // 0 is free: no piece is empty
        public ulong Word;
    }
}
