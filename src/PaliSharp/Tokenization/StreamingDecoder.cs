using System.Buffers;
using System.Text;

namespace PaliSharp.Tokenization;

/// <summary>
/// Turns ids into text one at a time. A character that is spread over several byte tokens is given when it is complete; bytes that can no
/// longer become one give U+FFFD. All chunks and the rest joined are what <see cref="Tokenizer.Decode"/> gives with
/// <see cref="DecodeStyle.Utf8"/>. Not for use by several threads at once.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly TokenDecoder _decoder;
    private readonly bool _skipSpecialTokens;
    private readonly ArrayBufferWriter<byte> _bytes = new(64);
    private readonly byte[] _held = new byte[4];
    private int _heldCount;

    internal StreamingDecoder(TokenDecoder decoder, bool skipSpecialTokens)
    {
        _decoder = decoder;
        _skipSpecialTokens = skipSpecialTokens;
    }

    /// <summary>Takes the next id.</summary>
    /// <param name="id">The id; one outside the vocabulary gives nothing.</param>
    /// <returns>The text that is now certain; often empty within a character of several byte tokens.</returns>
    public string Push(int id)
    {
        _bytes.ResetWrittenCount();
        _bytes.Write(_held.AsSpan(0, _heldCount));
        _decoder.Write(id, _skipSpecialTokens, _bytes);
        ReadOnlySpan<byte> bytes = _bytes.WrittenSpan;
        int complete = bytes.Length - IncompleteTail(bytes);
        bytes[complete..].CopyTo(_held);
        _heldCount = bytes.Length - complete;
        return Encoding.UTF8.GetString(bytes[..complete]);
    }

    /// <summary>Ends the text and makes the decoder ready for another one.</summary>
    /// <returns>U+FFFD if a character was begun and not completed, otherwise nothing.</returns>
    public string Flush()
    {
        string rest = Encoding.UTF8.GetString(_held.AsSpan(0, _heldCount));
        _heldCount = 0;
        return rest;
    }

    /// <summary>The length of the longest end that further bytes could still make a character.</summary>
    private static int IncompleteTail(ReadOnlySpan<byte> bytes)
    {
        for (int length = Math.Min(3, bytes.Length); length > 0; length--)
        {
            if (Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData)
                return length;
        }

        return 0;
    }
}
