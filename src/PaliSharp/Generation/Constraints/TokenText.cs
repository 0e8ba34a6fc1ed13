using System.Buffers;
using System.Runtime.CompilerServices;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>What the tokens of a vocabulary write, for grammars over text. Found once for a tokenizer: it takes a while for a large vocabulary.</summary>
internal sealed class TokenText
{
    private static readonly ConditionalWeakTable<Tokenizer, TokenText> Known = new();

    private readonly byte[][] _texts;

    private TokenText(Tokenizer tokenizer)
    {
        _texts = Read(tokenizer);
        Sorted = [.. Enumerable.Range(0, _texts.Length).Where(id => _texts[id].Length > 0)];
        Array.Sort(Sorted, (left, right) => _texts[left].AsSpan().SequenceCompareTo(_texts[right]));
        LabelTokens = TokenSet.Of([.. Sorted.Where(id => !_texts[id].AsSpan().ContainsAny(";\n<>"u8))]);
        foreach (int id in Sorted)
        {
            if (_texts[id] is [byte value])
                HasSingle[value] = true;
        }
    }

    /// <summary>The tokens that are plain text, ordered by their bytes.</summary>
    public int[] Sorted { get; }

    /// <summary>For each byte whether there is a token of it alone.</summary>
    public bool[] HasSingle { get; } = new bool[256];

    /// <summary>The tokens a label may be written with.</summary>
    public TokenSet LabelTokens { get; }

    /// <summary>The bytes of a token; empty for control, location and segmentation tokens and <c>&lt;image&gt;</c>.</summary>
    public byte[] this[int id] => _texts[id];

    /// <summary>The texts of a tokenizer.</summary>
    public static TokenText Of(Tokenizer tokenizer) => Known.GetValue(tokenizer, key => new TokenText(key));

    private static byte[][] Read(Tokenizer tokenizer)
    {
        var texts = new byte[tokenizer.VocabularySize][];
        var buffer = new ArrayBufferWriter<byte>(64);
        for (int id = 0; id < texts.Length; id++)
        {
            buffer.ResetWrittenCount();
            if (!IsStructure(tokenizer, id))
                tokenizer.WriteBytes(id, buffer);
            texts[id] = buffer.WrittenSpan.ToArray();
        }

        return texts;
    }

    private static bool IsStructure(Tokenizer tokenizer, int id) =>
        tokenizer.IsSpecial(id)
        || id == tokenizer.ImageId
        || IsIn(id, tokenizer.FirstLocationId, tokenizer.LocationCount)
        || IsIn(id, tokenizer.FirstSegmentationId, tokenizer.SegmentationCount);

    private static bool IsIn(int id, int? first, int count) => id >= first && id < first + count;
}
