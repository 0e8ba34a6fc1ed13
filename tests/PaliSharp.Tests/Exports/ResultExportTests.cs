using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Exports;
using PaliSharp.Jobs;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Tests.Checkpoints;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Exports;

public sealed class ResultExportTests : IDisposable
{
    private static readonly RunLengths Square = RunLengths.FromMask(Mask.FromPixels(8, 4, [.. Enumerable.Range(0, 32).Select(i => i % 8 is 2 or 3 && i / 8 is 1 or 2)]));

    private static readonly ExportPicture[] Pictures =
    [
        new("yard/a.jpg", 200, 100, [new("dog", 0.5f, new BoundingBox(0, 0, 10, 100)), new("cat", 0.25f, new BoundingBox(19.6f, 20.4f, 59.5f, 80))]),
        new("street/a.jpg", 8, 4, [new("dog", 1, new BoundingBox(2, 1, 4, 3)) { Mask = Square }]),
        new("empty.png", 30, 40, []),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CocoHoldsBoxesAsWidthAndHeightAndMasksAsRunLengths()
    {
        ResultExport.Write(ExportFormat.Coco, _folder["out.json"], Pictures, ["bird", "cat"]);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder["out.json"]));
        JsonElement root = document.RootElement;
        Assert.Equal(["bird", "cat", "dog"], root.GetProperty("categories").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
        Assert.Equal([1, 2, 3], root.GetProperty("categories").EnumerateArray().Select(item => item.GetProperty("id").GetInt32()));
        JsonElement[] images = [.. root.GetProperty("images").EnumerateArray()];
        Assert.Equal(["yard/a.jpg", "street/a.jpg", "empty.png"], images.Select(image => image.GetProperty("file_name").GetString()));
        Assert.Equal((2, 8, 4), (images[1].GetProperty("id").GetInt32(), images[1].GetProperty("width").GetInt32(), images[1].GetProperty("height").GetInt32()));
        JsonElement[] found = [.. root.GetProperty("annotations").EnumerateArray()];
        Assert.Equal([(1, 1, 3), (2, 1, 2), (3, 2, 3)], found.Select(item => (item.GetProperty("id").GetInt32(), item.GetProperty("image_id").GetInt32(), item.GetProperty("category_id").GetInt32())));
        Assert.Equal([0f, 0, 10, 100], Floats(found[0].GetProperty("bbox")));
        Assert.Equal(1000, found[0].GetProperty("area").GetDouble());
        Assert.Empty(found[0].GetProperty("segmentation").EnumerateArray());
        Assert.Equal(0, found[0].GetProperty("iscrowd").GetInt32());
        Assert.Equal([2f, 1, 2, 2], Floats(found[2].GetProperty("bbox")));
        Assert.Equal(4, found[2].GetProperty("area").GetInt32());
        JsonElement mask = found[2].GetProperty("segmentation");
        Assert.Equal([4f, 8], Floats(mask.GetProperty("size")));
        Assert.Equal(Square.Counts, RunLengths.Parse(8, 4, mask.GetProperty("counts").GetString()!).Counts);
    }

    [Fact]
    public void YoloHoldsSharesOfTheSides()
    {
        ResultExport.Write(ExportFormat.Yolo, _folder["yolo"], Pictures);
        Assert.Equal("dog\ncat\n", File.ReadAllText(_folder["yolo/classes.txt"]));
        Assert.Equal("0 0.025000 0.500000 0.050000 1.000000\n1 0.197750 0.502000 0.199500 0.596000\n", File.ReadAllText(_folder["yolo/labels/a.txt"]));

        // Corners of the outline, in eighths and quarters.
        Assert.Equal("0 0.500000 0.250000 0.500000 0.750000 0.250000 0.750000 0.250000 0.250000\n", File.ReadAllText(_folder["yolo/labels/a-2.txt"]));
        Assert.Equal("", File.ReadAllText(_folder["yolo/labels/empty.txt"]));
        Assert.Equal(4, Directory.GetFiles(_folder["yolo"], "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void VocCountsPixelsFromOne()
    {
        ResultExport.Write(ExportFormat.Voc, _folder["voc"], Pictures);
        Assert.Equal(3, Directory.GetFiles(_folder["voc"]).Length);
        XElement annotation = XDocument.Load(_folder["voc/a.xml"]).Root!;
        Assert.Equal("annotation", annotation.Name.LocalName);
        Assert.Equal(("yard", "a.jpg"), (annotation.Element("folder")!.Value, annotation.Element("filename")!.Value));
        Assert.Equal(["200", "100", "3"], annotation.Element("size")!.Elements().Select(side => side.Value));
        XElement[] found = [.. annotation.Elements("object")];
        Assert.Equal(["dog", "cat"], found.Select(item => item.Element("name")!.Value));

        // The columns 0 to 9 of 200 are 1 to 10; 19.6 to 59.5 rounds to 20 to 60, so columns 20 to 59.
        Assert.Equal(["1", "1", "10", "100"], found[0].Element("bndbox")!.Elements().Select(edge => edge.Value));
        Assert.Equal(["21", "21", "60", "80"], found[1].Element("bndbox")!.Elements().Select(edge => edge.Value));
        Assert.Equal(["xmin", "ymin", "xmax", "ymax"], found[1].Element("bndbox")!.Elements().Select(edge => edge.Name.LocalName));
    }

    [Fact]
    public void LinesHoldOnePictureOrOneObject()
    {
        ResultExport.Write(ExportFormat.JsonLines, _folder["out.jsonl"], Pictures);
        JsonElement[] lines = [.. File.ReadLines(_folder["out.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([2, 1, 0], lines.Select(line => line.GetProperty("objects").GetArrayLength()));
        Assert.Equal([0f, 0, 10, 100], Floats(lines[0].GetProperty("objects")[0].GetProperty("box")));
        ResultExport.Write(ExportFormat.Csv, _folder["out.csv"], Pictures);
        Assert.Equal(
            """
            image,width,height,label,score,left,top,right,bottom,area
            yard/a.jpg,200,100,dog,0.5,0,0,10,100,
            yard/a.jpg,200,100,cat,0.25,19.6,20.4,59.5,80,
            street/a.jpg,8,4,dog,1,2,1,4,3,4

            """,
            File.ReadAllText(_folder["out.csv"]));
    }

    [Fact]
    public void AnExportThatFailsLeavesWhatWasThere()
    {
        _folder.Write("out.json", "before");
        IEnumerable<ExportPicture> failing = Pictures.Select((picture, i) => i < 2 ? picture : throw new IOException("no"));
        Assert.Throws<IOException>(() => ResultExport.Write(ExportFormat.Coco, _folder["out.json"], failing));
        Assert.Equal("before", File.ReadAllText(_folder["out.json"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("..\\..\\boot.ini", "boot")]
    [InlineData("con.png", "_con")]
    [InlineData("a:b?.png", "a_b_")]
    [InlineData("..", "picture")]
    [InlineData("photos/", "picture")]
    [InlineData(" x .png", "x")]
    public void NamesOfFilesAreSafe(string image, string name) => Assert.Equal(name, FileNames.Safe(image));

    [Fact]
    public void AnyLabelAndNameCanBeExported() => PropertyChecks.Holds(
        Gen.Elements("a", "/", "\\", "..", ".", "\0", "\n", "\"", "<", "&", ",", ";", "\uFFFE", "\U0001F408", "\ud800", " ").ArrayOf().Select(string.Concat),
        text =>
        {
            ExportPicture[] pictures = [new(text, 10, 10, [new(text, 0.5f, new BoundingBox(1, 2, 3, 4))]), new(text, 10, 10, [])];
            ResultExport.Write(ExportFormat.Voc, _folder["voc"], pictures);
            ResultExport.Write(ExportFormat.Yolo, _folder["yolo"], pictures);
            ResultExport.Write(ExportFormat.Csv, _folder["out.csv"], pictures);
            ResultExport.Write(ExportFormat.Coco, _folder["out.json"], pictures);
            Assert.Equal(2, Directory.GetFiles(_folder["voc"]).Length);
            Assert.All(Directory.GetFiles(_folder["voc"]), file => Assert.NotNull(XDocument.Parse(File.ReadAllText(file)).Root!.Element("size")));
            Assert.Single(File.ReadLines(_folder["yolo/classes.txt"]));
            string label = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            Assert.Equal(label, CsvText.Read(File.OpenRead(_folder["out.csv"]), "out").Last()[3]);
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder["out.json"]));
            Assert.Equal(label, document.RootElement.GetProperty("categories")[0].GetProperty("name").GetString());
            Directory.Delete(_folder["voc"], recursive: true);
            Directory.Delete(_folder["yolo"], recursive: true);
        });

    [Fact]
    public void WhatIsReadBackIsReadOrRefused() => PropertyChecks.Holds(
        from image in Gen.Elements("\"a.png\"", "null", "5")
        from side in Gen.Elements("10", "1.5", "1e99", "\"x\"", "null", "-1")
        from box in Gen.Elements("[1,2,3,4]", "[1,2]", "{}", "[1,2,3,\"x\"]", "null")
        from mask in Gen.Elements("null", "{\"size\":[10,10],\"counts\":\"T3\"}", "{\"size\":[10,10],\"counts\":\"~\"}", "{\"size\":[1e9,10],\"counts\":\"0\"}", "[]", "{\"size\":[]}")
        from name in Gen.Elements("detections", "segments", "regions", "other")
        select $$"""{"image":{{image}},"width":10,"height":{{side}},"{{name}}":[{"label":"x","score":"NaN","box":{{box}},"mask":{{mask}}}]}""",
        json =>
        {
            try
            {
                Assert.Single(ExportReader.Read(JsonNode.Parse(json)!.AsObject()).Objects);
            }
            catch (PaliSharpException)
            {
                // What holds no objects says so, and nothing else is thrown.
            }
        });

    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(item => float.Parse(item.GetRawText(), CultureInfo.InvariantCulture))];
}
