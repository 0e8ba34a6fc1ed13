using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Segmentation;
using PaliSharp.Server.Tests.Support;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Server.Tests.Vision;

[Collection(ServerCollection.Name)]
public sealed class VisionTests(ServerFixture fixture)
{
    private const string Ring = "orange-ring.png";
    private const string Name = "image0";
    private const string Circles = "red-circles.png";

    private TestServer Server => fixture.Server;

    [Fact]
    public async Task Text_tasks_give_the_lines_of_the_command_line()
    {
        Image ring = Sample.Image(Ring);
        (string Route, object Body, ResultLine Expected)[] cases =
        [
            ("caption", new { image = Sample.DataUrl(Ring) }, TextLine.Of(Name, null, await fixture.Model.CaptionAsync(ring))),
            ("caption", new { image = Sample.DataUrl(Ring), length = "long", language = "en" }, TextLine.Of(Name, null, await fixture.Model.DescribeAsync(ring))),
            ("ocr", new { image = Sample.DataUrl("open-sign.png") }, OcrLine.Of(Name, await fixture.Model.ReadTextAsync(Sample.Image("open-sign.png")))),
            ("ask", new { image = Sample.DataUrl(Ring), question = "what color is the ring?" }, TextLine.Of(Name, null, await fixture.Model.AnswerAsync(ring, "what color is the ring?"))),
            ("run", new { image = Sample.DataUrl(Ring), prompt = "detect ring" }, TextLine.Of(Name, null, await fixture.Model.GenerateAsync(ring, "detect ring"))),
        ];
        foreach ((string route, object body, ResultLine expected) in cases)
        {
            Answer answer = await PostAsync(route, body);
            AssertSame(expected, Assert.Single(answer.Json.GetProperty("results").EnumerateArray()));
            Assert.Equal(route, answer.Json.GetProperty("task").GetString());
            Assert.True(answer.Json.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 0);
        }
    }

    [Fact]
    public async Task Detection_gives_boxes_and_a_drawing()
    {
        Answer answer = await PostAsync("detect", new { image = Sample.DataUrl(Circles), things = (string[])["red circle"], draw = true });
        DetectionResult direct = await fixture.Model.DetectAsync(Sample.Image(Circles), ["red circle"]);
        Assert.NotEmpty(direct.Detections);
        AssertSame(DetectionLine.Of("image0", direct), answer.Json.GetProperty("results")[0]);
        string drawn = answer.Json.GetProperty("drawn")[0].GetString()!;
        Assert.Equal(direct.DrawOn(Sample.Image(Circles)).Pixels, Image.Decode(Convert.FromBase64String(drawn[(drawn.IndexOf(',', StringComparison.Ordinal) + 1)..])).ToRgb().Pixels);
    }

    [Fact]
    public async Task Detection_takes_the_options_of_the_command_line()
    {
        Answer answer = await PostAsync("detect", new
        {
            image = Sample.DataUrl(Circles),
            things = (string[])["red circle", "blue star"],
            constrain = true,
            one_by_one = true,
            max_overlap = 0.5,
            across_labels = true,
            snap_labels = true,
            stop_repeats = true,
            public_demo_grid = true,
            max_tokens = 200,
        });
        DetectionResult direct = await fixture.Model.DetectAsync(
            Sample.Image(Circles),
            ["red circle", "blue star"],
            new DetectionOptions
            {
                Constrain = true,
                OnePromptPerPhrase = true,
                MaxOverlap = 0.5,
                AcrossLabels = true,
                SnapLabels = true,
                StopAtRepeatedBoxes = true,
                Convention = LocationConvention.PublicDemo,
            },
            new Generation.GenerationOptions { MaxNewTokens = 200 });
        AssertSame(DetectionLine.Of("image0", direct), answer.Json.GetProperty("results")[0]);
    }

    [Fact]
    public async Task Segmentation_gives_masks()
    {
        Answer answer = await PostAsync("segment", new { image = Sample.DataUrl(Ring), things = (string[])["orange ring"] });
        SegmentationResult direct = await fixture.Model.SegmentAsync(Sample.Image(Ring), ["orange ring"]);
        JsonElement line = answer.Json.GetProperty("results")[0];
        AssertSame(SegmentationLine.Of("image0", direct, null), line);
        JsonElement mask = line.GetProperty("segments")[0].GetProperty("mask");
        int[] size = [.. mask.GetProperty("size").EnumerateArray().Select(side => side.GetInt32())];
        Mask decoded = RunLengths.Parse(size[1], size[0], mask.GetProperty("counts").GetString()!).ToMask();
        Assert.Equal(direct.Segments[0].Mask.Area, decoded.Area);
    }

    [Fact]
    public async Task Classification_ranks_labels()
    {
        string[] labels = ["orange", "blue", "red"];
        Answer answer = await PostAsync("classify", new { image = Sample.DataUrl(Ring), labels, prompt = "answer en what color is the ring?", scoring = "mean", top = 2 });
        ClassificationResult direct = await fixture.Model.ClassifyAsync(
            Sample.Image(Ring), labels, "answer en what color is the ring?", new ClassificationOptions { Scoring = LabelScoring.Mean });
        JsonElement line = answer.Json.GetProperty("results")[0];
        Assert.Equal(2, line.GetProperty("labels").GetArrayLength());
        AssertSame(ClassificationLine.Of("image0", Sample.Image(Ring), direct, [.. direct.Labels.Take(2)]), line);

        // What is read costs the same whether labels are scored or an answer is written.
        Answer written = await PostAsync("run", new { image = Sample.DataUrl(Ring), prompt = "answer en what color is the ring?" });
        Assert.Equal(
            written.Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetRawText(), answer.Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetRawText());
        Assert.Equal(0, answer.Json.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Texts_and_pictures_are_matched_both_ways()
    {
        string[] texts = ["an orange ring on a pink background", "two red circles on a pink background"];
        Answer answer = await PostAsync("match", new { images = (string[])[Sample.DataUrl(Circles), Sample.DataUrl(Ring)], texts });
        JsonElement results = answer.Json.GetProperty("results");
        JsonElement rankings = answer.Json.GetProperty("rankings");
        Image[] images = [Sample.Image(Circles), Sample.Image(Ring)];
        for (int i = 0; i < texts.Length; i++)
        {
            ClassificationLine ofPicture = ClassificationLine.Of($"image{i}", images[i], await RankAsync(images[i]), (await RankAsync(images[i])).Labels);
            AssertClose(JsonDocument.Parse(ResultJson.Serialize(ofPicture)).RootElement.GetProperty("labels"), results[i].GetProperty("labels"));
            PictureRankingLine ofText = PictureRankingLine.Of(["image0", "image1"], texts[i], TaskPrompts.Caption(), await fixture.Model.RankPicturesAsync(images, texts[i]));
            AssertClose(JsonDocument.Parse(ResultJson.Serialize(ofText)).RootElement, rankings[i]);
        }

        Task<ClassificationResult> RankAsync(Image image) => fixture.Model.RankTextsAsync(image, texts);
    }

    [Fact]
    public async Task Multipart_is_the_same_as_json()
    {
        using MultipartFormDataContent form = Form(("image", Ring), ("image", Circles));
        form.Add(new StringContent("orange ring"), "things");
        form.Add(new StringContent("red circle"), "things");
        form.Add(new StringContent("true"), "one_by_one");
        form.Add(new StringContent("200"), "max_tokens");
        Answer multipart = await Server.SendAsync("/v1/vision/detect", form);
        Answer json = await PostAsync("detect", new
        {
            images = (string[])[Sample.DataUrl(Ring), Sample.DataUrl(Circles)],
            things = (string[])["orange ring", "red circle"],
            one_by_one = true,
            max_tokens = 200,
        });
        Assert.True(multipart.Status == HttpStatusCode.OK, multipart.Text);
        Assert.Equal([Ring, Circles], multipart.Json.GetProperty("results").EnumerateArray().Select(line => line.GetProperty("image").GetString()));
        for (int i = 0; i < 2; i++)
            Assert.Equal(json.Json.GetProperty("results")[i].GetProperty("detections").GetRawText(), multipart.Json.GetProperty("results")[i].GetProperty("detections").GetRawText());
    }

    [Fact]
    public async Task A_drawn_picture_may_be_the_whole_answer()
    {
        using MultipartFormDataContent form = Form(("image", Ring));
        form.Add(new StringContent("orange ring"), "things");
        Answer answer = await Server.SendAsync("/v1/vision/segment", form, request => request.Headers.Accept.ParseAdd("image/png"));
        Assert.Equal("image/png", answer.ContentType);
        SegmentationResult direct = await fixture.Model.SegmentAsync(Sample.Image(Ring), ["orange ring"]);
        Assert.Equal(direct.DrawOn(Sample.Image(Ring)).Pixels, Image.Decode(answer.Bytes).ToRgb().Pixels);
        Answer text = await Server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl(Ring) }, request => request.Headers.Accept.ParseAdd("image/png"));
        Assert.Equal("not_acceptable", text.ErrorCode);
    }

    [Fact]
    public async Task A_batch_mixes_tasks_and_keeps_errors_to_their_items()
    {
        using MultipartFormDataContent form = Form(("photo", Ring));
        form.Add(
            new StringContent($$"""
                [{"id": "a", "task": "caption", "image": "part:photo"},
                 {"id": "b", "task": "detect", "image": "{{Sample.DataUrl(Circles)}}", "things": ["red circle"]},
                 {"task": "ask", "image": "part:photo"},
                 {"id": "d", "task": "caption", "image": "part:none"},
                 {"id": "e", "task": "ask", "image": "part:photo", "question": "what color is the ring?", "model": "second"}]
                """),
            "requests");
        Answer answer = await Server.SendAsync("/v1/vision/batch", form);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        JsonElement[] results = [.. answer.Json.GetProperty("results").EnumerateArray()];
        Assert.Equal(["a", "b", "2", "d", "e"], results.Select(item => item.GetProperty("id").GetString()));
        Assert.Equal([200, 200, 400, 400, 200], results.Select(item => item.GetProperty("status").GetInt32()));
        Assert.Equal(await fixture.AnswerAsync("caption en", Ring), results[0].GetProperty("results")[0].GetProperty("text").GetString());
        Assert.NotEqual(0, results[1].GetProperty("results")[0].GetProperty("detections").GetArrayLength());
        Assert.Equal("missing_parameter", results[2].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("second", results[4].GetProperty("model").GetString());
        Assert.Equal(await fixture.AnswerAsync("answer en what color is the ring?", Ring), results[4].GetProperty("results")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Items_of_a_batch_do_not_wait_for_what_other_items_hold()
    {
        // Room for one decoded picture: items that kept theirs until all are done would never get on.
        await using TestServer server = await TestServer.StartAsync(options => options.Limits.DecodedPictureBytes = 300_000);
        var requests = Enumerable.Range(0, 6).Select(i => new { id = $"{i}", task = "caption", image = Sample.DataUrl(Ring) });
        Answer answer = await server.PostAsync("/v1/vision/batch", new { requests }, request => request.Headers.Add("X-Request-Timeout-Ms", "60000"));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.All(answer.Json.GetProperty("results").EnumerateArray(), item => Assert.Equal(200, item.GetProperty("status").GetInt32()));
        Assert.Equal(0, server.Get<Pictures.PictureReader>().HeldBytes);
        Assert.Equal(0, server.Get<PaliSharp.Hosting.ModelHost>().GetState()[0].Leases);
    }

    [Theory]
    [InlineData("caption", """{}""", "missing_parameter")]
    [InlineData("caption", """[]""", "invalid_json")]
    [InlineData("caption", """{"image": 5}""", "invalid_json")]
    [InlineData("caption", """{"image": "x", "images": []}""", "invalid_value")]
    [InlineData("caption", """{"images": [null]}""", "invalid_value")]
    [InlineData("caption", """{"image": "part:a"}""", "invalid_value")]
    [InlineData("caption", """{"image": "RING", "length": "huge"}""", "invalid_value")]
    [InlineData("caption", """{"image": "RING", "language": "en\nocr"}""", "invalid_prompt")]
    [InlineData("caption", """{"image": "RING", "things": ["cat"]}""", "unsupported_parameter")]
    [InlineData("caption", """{"image": "RING", "thing": "cat"}""", "unknown_parameter")]
    [InlineData("caption", """{"image": "RING", "beams": 2, "temperature": 1}""", "invalid_value")]
    [InlineData("caption", """{"image": "RING", "beams": 100000}""", "invalid_value")]
    [InlineData("caption", """{"image": "RING", "model": "x"}""", "model_not_found")]
    [InlineData("ask", """{"image": "RING"}""", "missing_parameter")]
    [InlineData("ask", """{"image": "RING", "question": " "}""", "invalid_prompt")]
    [InlineData("detect", """{"image": "RING"}""", "missing_parameter")]
    [InlineData("detect", """{"image": "RING", "things": []}""", "invalid_prompt")]
    [InlineData("detect", """{"image": "RING", "things": [null]}""", "invalid_value")]
    [InlineData("detect", """{"image": "RING", "things": ["a;b"]}""", "invalid_prompt")]
    [InlineData("detect", """{"image": "RING", "things": ["a"], "across_labels": true}""", "invalid_value")]
    [InlineData("detect", """{"image": "RING", "things": ["a"], "max_overlap": 2}""", "invalid_value")]
    [InlineData("classify", """{"image": "RING"}""", "missing_parameter")]
    [InlineData("classify", """{"image": "RING", "labels": []}""", "invalid_prompt")]
    [InlineData("classify", """{"image": "RING", "labels": ["a"], "scoring": "luck"}""", "invalid_value")]
    [InlineData("classify", """{"image": "RING", "labels": ["a"], "top": 0}""", "invalid_value")]
    [InlineData("batch", """{}""", "missing_parameter")]
    [InlineData("batch", """{"requests": []}""", "invalid_value")]
    [InlineData("batch", """{"requests": [{"task": "fly"}]}""", "invalid_value")]
    [InlineData("batch", """{"requests": [3]}""", "invalid_value")]
    [InlineData("batch", """{"requests": [{"task": "caption"}], "model": "x"}""", "unknown_parameter")]
    public async Task What_makes_no_sense_is_refused(string route, string body, string code)
    {
        Answer answer = await Server.PostTextAsync($"/v1/vision/{route}", body.Replace("RING", Sample.DataUrl(Ring), StringComparison.Ordinal));
        Assert.True((int)answer.Status is >= 400 and < 500, answer.Text);
        Assert.Equal(code, answer.ErrorCode);
    }

    private static MultipartFormDataContent Form(params (string Name, string Sample)[] files)
    {
        var form = new MultipartFormDataContent();
        foreach ((string name, string sample) in files)
        {
            var content = new ByteArrayContent(Sample.Bytes(sample));
            content.Headers.ContentType = MediaTypeHeaderValue.Parse("image/png");
            form.Add(content, name, $"C:\\pictures/{sample}");
        }

        return form;
    }

    // Likelihoods differ in rounding by how labels share passes: what is equal is the order, and the numbers within float32's reach.
    private static void AssertClose(JsonElement expected, JsonElement actual)
    {
        Assert.Equal(expected.ValueKind, actual.ValueKind);
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.Equal(expected.EnumerateObject().Select(field => field.Name), actual.EnumerateObject().Select(field => field.Name));
                foreach (JsonProperty field in expected.EnumerateObject())
                    AssertClose(field.Value, actual.GetProperty(field.Name));
                break;
            case JsonValueKind.Array:
                Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
                for (int i = 0; i < expected.GetArrayLength(); i++)
                    AssertClose(expected[i], actual[i]);
                break;
            case JsonValueKind.Number:
                Assert.Equal(expected.GetDouble(), actual.GetDouble(), 1e-3);
                break;
            default:
                Assert.Equal(expected.GetRawText(), actual.GetRawText());
                break;
        }
    }

    private static void AssertSame(ResultLine expected, JsonElement actual) => Assert.Equal(ResultJson.Serialize(expected), actual.GetRawText());

    private async Task<Answer> PostAsync(string task, object body)
    {
        Answer answer = await Server.PostAsync($"/v1/vision/{task}", body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer;
    }
}
