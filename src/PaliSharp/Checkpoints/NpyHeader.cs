using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace PaliSharp.Checkpoints;

/// <summary>The header of a numpy array file.</summary>
/// <param name="Type">The element type, such as <c>&lt;f4</c>.</param>
/// <param name="IsFortranOrder">Whether the first index runs fastest.</param>
/// <param name="Shape">The extents, outermost first; empty for a scalar.</param>
/// <param name="Length">The bytes before the data.</param>
internal sealed record NpyHeader(string Type, bool IsFortranOrder, IReadOnlyList<long> Shape, int Length)
{
    private const int MaximumLength = 1 << 16;
    private const int MaximumRank = 32;

    /// <summary>The bytes of an element, or 0 for a type that is not a plain number.</summary>
    public int ElementSize
    {
        get
        {
            bool plain = Type.Length is >= 3 and <= 5 && "<|=".Contains(Type[0]) && "fiubV".Contains(Type[1]);
            return plain && int.TryParse(Type.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size is > 0 and <= 16 ? size : 0;
        }
    }

    /// <summary>Reads the header from the beginning of an array file, versions 1 to 3.</summary>
    /// <param name="stream">The file; left at the first byte of data.</param>
    /// <param name="file">Names the file in messages.</param>
    /// <exception cref="CheckpointException">The header breaks a rule of the format.</exception>
    public static NpyHeader Read(Stream stream, string file)
    {
        Span<byte> start = stackalloc byte[12];
        Fill(stream, start[..10], file);
        if (start[0] != 0x93 || !start[1..].StartsWith("NUMPY"u8))
            throw Bad(file, "it does not begin with the mark of a numpy array");
        int version = start[6];
        if (version is < 1 or > 3)
            throw Bad(file, $"it has format version {version}; 1 to 3 are known");
        int prefix = 10;
        long length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (version > 1)
        {
            Fill(stream, start.Slice(10, 2), file);
            length = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
            prefix = 12;
        }

        if (length > MaximumLength)
            throw Bad(file, $"its header has {length} bytes; at most {MaximumLength} are allowed");
        byte[] text = new byte[length];
        Fill(stream, text, file);
        return new Parser(Encoding.Latin1.GetString(text), file).Parse(prefix + (int)length);
    }

    private static void Fill(Stream stream, Span<byte> buffer, string file)
    {
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
            throw Bad(file, "it ends inside its header");
    }

    private static CheckpointException Bad(string file, string problem) => new($"{file} is not a valid numpy array: {problem}.");

    /// <summary>Reads the Python dictionary literal of a header.</summary>
    private ref struct Parser(ReadOnlySpan<char> text, string file)
    {
        private ReadOnlySpan<char> _rest = text;

        public NpyHeader Parse(int length)
        {
            string? type = null;
            bool? fortran = null;
            List<long>? shape = null;
            Expect('{');
            while (!TryTake('}'))
            {
                string key = Quoted();
                Expect(':');
                switch (key)
                {
                    case "descr" when type is null:
                        type = Peek() is '\'' or '"' ? Quoted() : throw Bad(file, "its elements are records, not numbers");
                        break;
                    case "fortran_order" when fortran is null:
                        fortran = Truth();
                        break;
                    case "shape" when shape is null:
                        shape = Tuple();
                        break;
                    default:
                        throw Bad(file, $"its header has the unexpected or repeated key '{Problems.Shorten(key)}'");
                }

                if (!TryTake(','))
                {
                    Expect('}');
                    break;
                }
            }

            if (!_rest.Trim().IsEmpty)
                throw Bad(file, "its header goes on after the closing brace");
            if (type is null || fortran is null || shape is null)
                throw Bad(file, "its header lacks descr, fortran_order or shape");
            return new NpyHeader(type, fortran.Value, shape, length);
        }

        private char Peek()
        {
            _rest = _rest.TrimStart();
            return _rest.IsEmpty ? '\0' : _rest[0];
        }

        private bool TryTake(char c)
        {
            if (Peek() != c || _rest.IsEmpty)
                return false;
            _rest = _rest[1..];
            return true;
        }

        private void Expect(char c)
        {
            if (!TryTake(c))
                throw Bad(file, $"its header lacks a '{c}'");
        }

        private string Quoted()
        {
            char quote = Peek();
            int end = quote is '\'' or '"' ? _rest[1..].IndexOf(quote) : -1;
            if (end < 0)
                throw Bad(file, "its header lacks a quoted string");
            string value = _rest.Slice(1, end).ToString();
            _rest = _rest[(end + 2)..];
            return value;
        }

        private bool Truth()
        {
            _ = Peek();
            foreach ((string word, bool value) in ((string, bool)[])[("True", true), ("False", false)])
            {
                if (_rest.StartsWith(word))
                {
                    _rest = _rest[word.Length..];
                    return value;
                }
            }

            throw Bad(file, "its fortran_order is neither True nor False");
        }

        private List<long> Tuple()
        {
            var values = new List<long>();
            Expect('(');
            while (!TryTake(')'))
            {
                _ = Peek();
                int digits = _rest.IndexOfAnyExceptInRange('0', '9');
                if (digits <= 0 || !long.TryParse(_rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                    throw Bad(file, "its shape holds something that is not a whole number of at least 0");
                if (values.Count == MaximumRank)
                    throw Bad(file, $"its shape has more than {MaximumRank} extents");
                values.Add(value);
                _rest = _rest[digits..];
                if (!TryTake(','))
                {
                    Expect(')');
                    break;
                }
            }

            return values;
        }
    }
}
