using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

/// <summary>Laws that hold for any text, any ids and any file.</summary>
public class TokenizerPropertyTests
{
    private static readonly string[] Fragments =
    [
        "a", " ", "  ", "\n", "\n\n", "\t", "the", " cat", "<", ">", "<loc0001>", "<loc", "<seg127>", "<bos>", "<image>", "<unk>", "<td>", "é", "ß", "日本",
        "😀", "\u200d", "\U000F1234", "\0", "0", "12", "\u2581", "\u2581\u2581", "\uFFFD", "<0x41>", "\r",
    ];

    private static readonly Tokenizer[] Both = [SmallVocabulary.Json, SmallVocabulary.Model];

    private static Gen<string> Texts =>
        from runes in Gen.OneOf(
            Gen.Elements(Fragments),
            Gen.Choose(0, 0x10FFFF).Where(Rune.IsValid).Select(value => new Rune(value).ToString()),
            Gen.Choose(32, 126).Select(value => ((char)value).ToString())).ListOf()
        select string.Concat(runes);

    [Fact]
    public void Decoding_what_was_encoded_gives_the_text_with_markers_as_spaces()
    {
        Check.One(Options(400), Prop.ForAll(Texts.ToArbitrary(), text =>
            Both.All(tokenizer => tokenizer.Decode(tokenizer.Encode(text)) == text.Replace('\u2581', ' ')
                && tokenizer.Encode(text).All(id => !tokenizer.IsSpecial(id)))));
    }

    [Fact]
    public void Chunks_of_a_stream_join_to_the_whole_text()
    {
        Gen<int[]> ids = Gen.OneOf(Gen.Choose(-1, 2200), Gen.Choose(17, 272)).ArrayOf();
        Check.One(Options(600), Prop.ForAll(ids.ToArbitrary(), list => Both.All(tokenizer =>
        {
            bool same = true;
            foreach (bool skip in new[] { true, false })
            {
                StreamingDecoder stream = tokenizer.CreateStreamingDecoder(skip);
                string[] chunks = [.. list.Select(stream.Push), stream.Flush()];
                same &= string.Concat(chunks) == tokenizer.Decode(list, skip);
            }

            return same;
        })));
    }

    [Fact]
    public void Both_formats_agree_where_the_official_readers_do()
    {
        Check.One(Options(400), Prop.ForAll(Texts.Where(text => !text.Contains('\u2581', StringComparison.Ordinal) && !text.Contains("     ", StringComparison.Ordinal)).ToArbitrary(), text =>
            SmallVocabulary.Json.Encode(text).AsSpan().SequenceEqual(SmallVocabulary.Model.Encode(text))));
    }

    [Fact]
    public void A_damaged_json_file_is_read_or_refused() => Damage(SmallVocabulary.JsonBytes, SmallVocabulary.FromJson, 150);

    [Fact]
    public void A_damaged_model_file_is_read_or_refused() => Damage(SmallVocabulary.ModelBytes, SmallVocabulary.FromModel, 600);

    private static void Damage(byte[] original, Func<byte[], Tokenizer> read, int count)
    {
        Gen<byte[]> damaged =
            from edits in (from at in Gen.Choose(0, original.Length - 1)
                           from kind in Gen.Choose(0, 4)
                           from value in Gen.Choose(0, 255)
                           from length in Gen.Choose(1, 64)
                           select (at, kind, value, length)).NonEmptyListOf()
            select edits.Take(3).Aggregate(original, (bytes, edit) => Edit(bytes, edit.at, edit.kind, (byte)edit.value, edit.length));
        Check.One(Options(count), Prop.ForAll(damaged.ToArbitrary(), bytes =>
        {
            try
            {
                Tokenizer tokenizer = read(bytes);
                int[] ids = tokenizer.Encode("a <loc0001> é\n😀  <bos>");
                _ = tokenizer.Decode(ids);
                return true;
            }
            catch (CheckpointException)
            {
                return true;
            }
        }));
    }

    private static byte[] Edit(byte[] bytes, int at, int kind, byte value, int length)
    {
        at = Math.Min(at, bytes.Length);
        int end = Math.Min(bytes.Length, at + length);
        return kind switch
        {
            0 => bytes[..at],
            1 => [.. bytes[..at], .. bytes[end..]],
            2 => [.. bytes[..at], value, .. bytes[Math.Min(at + 1, bytes.Length)..]],
            3 => [.. bytes[..end], .. bytes[at..]],
            _ => [.. bytes[..at], value, .. bytes[at..]],
        };
    }

    private static Config Options(int count) => Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(20_250_301, 77);
}
