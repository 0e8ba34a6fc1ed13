using System.Buffers;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>What the tokens of a vocabulary write, for grammars over text.</summary>
internal static class TokenText
{
    /// <summary>The bytes of every token that is plain text; empty for control, location and segmentation tokens and <c>&lt;image&gt;</c>.</summary>
    public static byte[][] Bytes(Tokenizer tokenizer)
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

    /// <summary>The tokens a label may be written with.</summary>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="excluded">A further token that is left out.</param>
    public static TokenSet LabelTokens(Tokenizer tokenizer, int excluded)
    {
        byte[][] texts = Bytes(tokenizer);
        return TokenSet.Of([.. Enumerable.Range(0, texts.Length).Where(id => id != excluded && texts[id].Length > 0 && !texts[id].AsSpan().ContainsAny(";\n<>"u8))]);
    }

    private static bool IsStructure(Tokenizer tokenizer, int id) =>
        tokenizer.IsSpecial(id)
        || id == tokenizer.ImageId
        || IsIn(id, tokenizer.FirstLocationId, tokenizer.LocationCount)
        || IsIn(id, tokenizer.FirstSegmentationId, tokenizer.SegmentationCount);

    private static bool IsIn(int id, int? first, int count) => id >= first && id < first + count;
}
