using System.Buffers.Binary;

namespace PaliSharp.Tokenization;

/// <summary>Reads the fields of one protocol buffer message from untrusted bytes.</summary>
/// <param name="data">The message.</param>
/// <param name="file">The file's name for messages.</param>
/// <param name="offset">Where the message begins in the file.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> data, string file, long offset)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;

    /// <summary>Where the next byte lies in the file.</summary>
    public readonly long Offset => offset + _position;

    /// <summary>The wire type of the current field: 0 varint, 1 eight bytes, 2 bytes with a length, 5 four bytes.</summary>
    public int WireType { get; private set; }

    /// <summary>Moves to the next field.</summary>
    /// <param name="field">Its number.</param>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="CheckpointException">The bytes are not a message.</exception>
    public bool TryReadField(out int field)
    {
        field = 0;
        if (_position == _data.Length)
            return false;
        long start = Offset;
        ulong tag = ReadVarint();
        if (tag >> 3 is 0 or > 0x1FFFFFFF)
            throw TokenizerError.At(file, start, $"{tag} is not the tag of a protocol buffer field, so this is not a SentencePiece model");
        field = (int)(tag >> 3);
        WireType = (int)(tag & 7);
        return true;
    }

    /// <summary>Reads a field of bytes.</summary>
    /// <exception cref="CheckpointException">It is none, or is longer than the message.</exception>
    public ReadOnlySpan<byte> ReadBytes()
    {
        Require(2, "bytes");
        long start = Offset;
        ulong length = ReadVarint();
        if (length > (ulong)(_data.Length - _position))
            throw TokenizerError.At(file, start, $"a field of {length} bytes is declared where {_data.Length - _position} are left");
        ReadOnlySpan<byte> bytes = _data.Slice(_position, (int)length);
        _position += (int)length;
        return bytes;
    }

    /// <summary>Reads a field of bytes as a message of its own.</summary>
    /// <exception cref="CheckpointException">It is none, or is longer than the message.</exception>
    public ProtobufReader ReadMessage()
    {
        ReadOnlySpan<byte> bytes = ReadBytes();
        return new ProtobufReader(bytes, file, Offset - bytes.Length);
    }

    /// <summary>Reads a float.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public float ReadFloat()
    {
        Require(5, "a float");
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>Reads an integer, an enumeration or, as 0 or 1, a truth value.</summary>
    /// <exception cref="CheckpointException">It is none, or does not fit in 32 bits.</exception>
    public int ReadInt32()
    {
        Require(0, "an integer");
        long start = Offset;
        long value = (long)ReadVarint();
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw TokenizerError.At(file, start, $"{value} does not fit in 32 bits");
    }

    /// <summary>Steps over the current field.</summary>
    /// <exception cref="CheckpointException">It does not fit in the message.</exception>
    public void Skip()
    {
        switch (WireType)
        {
            case 0:
                _ = ReadVarint();
                break;
            case 1:
                _ = Take(8);
                break;
            case 2:
                _ = ReadBytes();
                break;
            case 5:
                _ = Take(4);
                break;
            default:
                throw TokenizerError.At(file, Offset, $"wire type {WireType} is not used by SentencePiece models");
        }
    }

    private readonly void Require(int wireType, string what)
    {
        if (WireType != wireType)
            throw TokenizerError.At(file, Offset, $"a field has wire type {WireType}; expected {what} (wire type {wireType})");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _position)
            throw TokenizerError.At(file, Offset, "the file ends inside a field");
        _position += count;
        return _data.Slice(_position - count, count);
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_position == _data.Length)
                throw TokenizerError.At(file, Offset, "the file ends inside a number");
            byte part = _data[_position++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }

        throw TokenizerError.At(file, Offset, "a number is longer than ten bytes");
    }
}
