using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace PaliSharp.Tokenization;

/// <summary>Writes the bytes that tokens stand for.</summary>
internal sealed class TokenDecoder(TokenizerDefinition definition)
{
    private readonly PieceTable _pieces = definition.Pieces;
    private readonly TokenKind[] _kinds = definition.Kinds;

    private static ReadOnlySpan<byte> Replacement => "\uFFFD"u8;

    private static ReadOnlySpan<byte> Marker => "\u2581"u8;

    /// <summary>Decodes a list of ids.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens, DecodeStyle style)
    {
        var text = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        if (style == DecodeStyle.Utf8)
        {
            foreach (int id in ids)
                Write(id, skipSpecialTokens, text);
        }
        else
        {
            DecodeRuns(ids, skipSpecialTokens, style, text);
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    /// <summary>Writes the bytes of one token; a byte piece gives its byte.</summary>
    public void Write(int id, bool skipSpecialTokens, IBufferWriter<byte> text)
    {
        if ((uint)id >= (uint)_kinds.Length)
            return;
        switch (_kinds[id])
        {
            case TokenKind.Special when skipSpecialTokens:
                return;
            case TokenKind.Byte:
                text.GetSpan(1)[0] = ByteOf(id);
                text.Advance(1);
                return;
            default:
                WritePiece(_pieces.Bytes(id), text);
                return;
        }
    }

    private void DecodeRuns(ReadOnlySpan<int> ids, bool skipSpecialTokens, DecodeStyle style, ArrayBufferWriter<byte> text)
    {
        bool sentencePiece = style == DecodeStyle.SentencePiece;
        var run = new ArrayBufferWriter<byte>();
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_kinds.Length)
                continue;
            if (_kinds[id] == TokenKind.Byte)
            {
                run.Write([ByteOf(id)]);
                continue;
            }

            bool special = _kinds[id] == TokenKind.Special;
            if (special && skipSpecialTokens && !sentencePiece)
                continue; // left out before anything else: the run goes on
            EndRun(run, sentencePiece, text);
            if (special && sentencePiece)
            {
                if (id == definition.UnknownId)
                    text.Write(Encoding.UTF8.GetBytes(definition.UnknownSurface));
                continue;
            }

            WritePiece(_pieces.Bytes(id), text);
        }

        EndRun(run, sentencePiece, text);
    }

    private static void EndRun(ArrayBufferWriter<byte> run, bool byCharacter, ArrayBufferWriter<byte> text)
    {
        ReadOnlySpan<byte> bytes = run.WrittenSpan;
        if (Utf8.IsValid(bytes))
        {
            text.Write(bytes);
        }
        else
        {
            while (!bytes.IsEmpty)
            {
                bool valid = byCharacter & Rune.DecodeFromUtf8(bytes, out _, out int length) == OperationStatus.Done;
                text.Write(valid ? bytes[..length] : Replacement);
                bytes = bytes[(valid ? length : 1)..];
            }
        }

        run.ResetWrittenCount();
    }

    private static void WritePiece(ReadOnlySpan<byte> piece, IBufferWriter<byte> text)
    {
        while (true)
        {
            int marker = piece.IndexOf(Marker);
            text.Write(marker < 0 ? piece : piece[..marker]);
            if (marker < 0)
                return;
            text.Write(" "u8);
            piece = piece[(marker + Marker.Length)..];
        }
    }

    private byte ByteOf(int id)
    {
        _ = BytePiece.TryParse(_pieces.Bytes(id), out byte value);
        return value;
    }
}
