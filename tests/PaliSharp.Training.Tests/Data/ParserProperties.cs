using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Jobs;
using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>What is written is read back; whatever bytes lie in a file, reading ends in examples, counted skips or a clear refusal.</summary>
public sealed class ParserProperties : IDisposable
{
    private const int Size = 60;
    private const int Damages = 150;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly Gen<string> Texts =
        from length in Gen.Choose(0, 12)
        from characters in Gen.ArrayOf(Gen.Elements('a', 'Z', ' ', '"', ',', '\n', '\r', '\t', '\\', '{', 'é', '中', '\uFEFF', '0'), length)
        select new string(characters);

    private static readonly Gen<(string Prefix, string Suffix)[]> Rows =
        from count in Gen.Choose(1, 8)
        from rows in Gen.ArrayOf(from prefix in Texts from suffix in Texts select (prefix, suffix + "."), count)
        select rows;

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void JsonLinesComeBack() => Holds(Rows, rows =>
    {
        string path = _folder.Text("p.jsonl", string.Concat(rows.Select(row => JsonSerializer.Serialize(new { prefix = row.Prefix, suffix = row.Suffix }) + "\n")));
        Assert.Equal(rows, Read(new JsonLinesSet(path, new ColumnNames(), new PicturePaths(_folder.Root))));
    });

    [Fact]
    public void CsvRowsComeBack() => Holds(Rows, rows =>
    {
        byte[] bytes = [.. CsvText.Line(["prefix", "suffix"]), .. rows.SelectMany(row => CsvText.Line([row.Prefix, row.Suffix]))];
        File.WriteAllBytes(_folder["p.csv"], bytes);
        Assert.Equal(rows, Read(new CsvSet(_folder["p.csv"], new ColumnNames(), new PicturePaths(_folder.Root))));
    });

    [Fact]
    public void ObjectsOfArraysAreFoundWhereTheyLie() => Holds(
        from count in Gen.Choose(1, 20)
        from keys in Gen.ArrayOf(Gen.Choose(0, 5).Select(kind => kind == 0 ? (long?)null : kind * 1_000_000_007L), count)
        from texts in Gen.ArrayOf(Texts, count)
        from indented in Gen.Elements(true, false)
        select (keys, texts, indented),
        sample =>
        {
            // Nested objects and arrays have numbers of the same name, which are not those of the objects.
            var wanted = sample.keys.Zip(sample.texts, (key, text) => new { inner = new object[] { new { id = 7 }, text }, id = (object?)key ?? "none", after = new { id = 8 } });
            string json = JsonSerializer.Serialize(new { other = new[] { new { id = 1 } }, wanted, end = 1 }, sample.indented ? Indented : JsonSerializerOptions.Default);
            var index = new JsonArrayIndex(_folder.Text("p.json", json), ("wanted", "id"), ("missing", "id"));
            JsonArrayEntries entries = index["wanted"];
            Assert.Equal(0, index["missing"].Count);
            Assert.Equal(sample.keys.Count(key => key is null), entries.WithoutKey);
            Assert.Equal(sample.keys.OfType<long>(), Enumerable.Range(0, entries.Count).Select(entries.Key));
            string[] expected = [.. sample.keys.Zip(sample.texts).Where(pair => pair.First is not null).Select(pair => pair.Second)];
            Assert.Equal(expected, Enumerable.Range(0, entries.Count).Select(i => index.Read("wanted", i, item => item.GetProperty("inner")[1].GetString()!)));
        });

    [Fact]
    public void TextsOfThingsComeBackAndOthersAreRefused() => Holds(
        from count in Gen.Choose(1, 3)
        from bins in Gen.ArrayOf(Gen.Choose(0, 1100), 4 * count)
        from hasCodes in Gen.Elements(true, false)
        from label in Texts
        select (bins, hasCodes, label),
        sample =>
        {
            string codes = sample.hasCodes ? string.Concat(Enumerable.Range(100, 16).Select(code => $"<seg{code}>")) : "";
            string text = string.Join(" ; ", sample.bins.Chunk(4).Select(box => string.Concat(box.Select(bin => $"<loc{bin:D4}>")) + codes + " " + sample.label));
            bool isGood = sample.bins.Chunk(4).All(box => box.Max() <= 1023 && box[2] > box[0] && box[3] > box[1]);
            IReadOnlyList<TextObject>? things = ObjectText.Parse(text);
            Assert.Equal(isGood, things is not null);
            Assert.Equal(isGood ? sample.bins : null, things?.SelectMany(thing => thing.Bins));
            Assert.All(things ?? [], thing => Assert.Equal((sample.label.Trim(), sample.hasCodes ? 16 : 0), (thing.Label, thing.Codes.Length)));
        });

    [Fact]
    public void AnyBytesAreReadSkippedOrRefused() => Holds(
        from name in Gen.Elements(DataFiles.Samples.Keys.ToArray())
        from place in Gen.Choose(0, 400)
        from bytes in Gen.ArrayOf(Gen.Choose(0, 255), 4)
        from cut in Gen.Choose(0, 3)
        select (name, place, bytes, cut),
        change =>
        {
            byte[] content = Encoding.UTF8.GetBytes(DataFiles.Samples[change.name]);
            int place = change.place % content.Length;
            for (int i = 0; i < change.bytes.Length && place + i < content.Length; i++)
                content[place + i] = (byte)change.bytes[i];
            DataFiles.WriteAll(_folder);
            File.WriteAllBytes(_folder[change.name], change.cut == 0 ? content[..place] : content);
            try
            {
                ITrainingSource source = Sources.Open(DataFiles.Description(change.name), _folder.Root);
                for (int i = 0; i < 5; i++)
                    Assert.False(string.IsNullOrWhiteSpace(source.Next().Suffix));
            }
            catch (PaliSharpException e)
            {
                Assert.False(string.IsNullOrWhiteSpace(e.Message));
            }
        },
        Damages);

    [Fact]
    public void MixturesComeBack() => Holds(
        from count in Gen.Choose(1, 5)
        from weights in Gen.ArrayOf(Gen.Choose(1, 1000), count)
        from flip in Gen.Choose(0, 100)
        from kind in Gen.Elements(Enum.GetValues<SourceKind>())
        select new MixtureDescription
        {
            Version = 1,
            Sources = [.. weights.Select(weight => new SourceDescription { Path = "x", Weight = weight / 8.0, Kind = kind, Augment = new AugmentationOptions { Flip = flip / 100.0 } })],
        },
        mixture =>
        {
            string text = MixtureFile.Write(mixture);
            Assert.Equal(text, MixtureFile.Write(MixtureFile.Parse(Encoding.UTF8.GetBytes(text), "x")));
        });

    [Fact]
    public void FlippedTextsFlipBack() => Holds(
        from count in Gen.Choose(1, 3)
        from bins in Gen.ArrayOf(Gen.Choose(0, 1023), 4 * count)
        from text in Texts
        select string.Concat(bins.Select(bin => $"<loc{bin:D4}>")) + text,
        text =>
        {
            var change = new PictureChange(10, 20, new PaliSharp.Tasks.PixelBox(0, 0, 10, 20), IsFlipped: true);
            Assert.Equal(text, change.Apply(change.Apply(text)));
        });

    private static (string Prefix, string Suffix)[] Read(ExampleSet set) =>
        [.. Enumerable.Range(0, set.Count).Select(i => set.Read(i, default)).Select(item => (item.Prefix, item.Suffix))];

    private static void Holds<T>(Gen<T> values, Action<T> check, int count = Size) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(20_261_122UL, 3UL), Prop.ForAll(values.ToArbitrary(), check));
}
