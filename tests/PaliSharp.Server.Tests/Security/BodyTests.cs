using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Security;

/// <summary>Bodies that are too large, too slow or malformed, and pictures that unfold.</summary>
public sealed class BodyTests(BodyTests.SmallServer small) : IClassFixture<BodyTests.SmallServer>
{
    private const int Limit = 400_000;

    private TestServer Server => small.Server;

    [Fact]
    public async Task Bodies_beyond_the_limit_are_refused()
    {
        Answer declared = await Server.SendAsync("/v1/vision/caption", new StringContent(new string(' ', Limit + 1), MediaTypeHeaderValue.Parse("application/json")));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, declared.Status);
        Assert.Equal("request_too_large", declared.ErrorCode);
        using var chunked = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes($"{{\"image\": \"{new string('x', 2 * Limit)}\"}}")));
        chunked.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        Answer streamed = await Server.SendAsync("/v1/vision/caption", chunked, request => request.Headers.TransferEncodingChunked = true);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, streamed.Status);
        await AssertServesAsync();
    }

    [Fact]
    public async Task A_picture_that_unfolds_is_refused_before_it_does()
    {
        foreach ((int width, int height) in ((int, int)[])[(60_000, 60_000), (int.MaxValue, int.MaxValue), (40_000, 4_000)])
        {
            byte[] bomb = PngHeader(width, height);
            Answer answer = await Server.PostAsync("/v1/vision/caption", new { image = $"data:image/png;base64,{Convert.ToBase64String(bomb)}" });
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains(answer.ErrorCode, (string[])["image_too_large", "invalid_image"]);
        }

        Assert.Equal(0, Server.Get<Pictures.PictureReader>().HeldBytes);
        Assert.Equal(0, Server.Get<BodyReader>().HeldBytes);
    }

    [Fact]
    public async Task Data_that_unfolds_beyond_its_picture_is_not_unfolded()
    {
        // 300 KB that inflate to 300 MB, in a picture of 64 by 64 pixels.
        byte[] bomb = PngHeader(64, 64, inflated: 300 << 20);
        Assert.True(bomb.Length < Limit);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isRead = TryDecode(bomb);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 1 << 20, $"{allocated:N0} bytes were allocated");

        using var form = new MultipartFormDataContent { { new ByteArrayContent(bomb), "image", "bomb.png" } };
        Answer answer = await Server.SendAsync("/v1/vision/caption", form);
        Assert.Equal(isRead ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.Status);
        await AssertServesAsync();
    }

    [Fact]
    public async Task Packed_bodies_are_not_unpacked()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(new byte[50_000_000]);
        foreach (string encoding in (string[])["gzip", "deflate, gzip", "br"])
        {
            var content = new ByteArrayContent(packed.ToArray());
            content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            Answer answer = await Server.SendAsync("/v1/chat/completions", content);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
            Assert.Equal("unsupported_media_type", answer.ErrorCode);
        }
    }

    [Fact]
    public async Task Pictures_that_together_need_too_much_memory_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Limits.DecodedPictureBytes = 300_000);
        Answer one = await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") });
        Assert.Equal(HttpStatusCode.OK, one.Status);
        Answer two = await server.PostAsync("/v1/vision/caption", new { images = (string[])[Sample.DataUrl("orange-ring.png"), Sample.DataUrl("orange-ring.png")] });
        Assert.Equal("request_too_large", two.ErrorCode);
    }

    [Fact]
    public async Task A_body_that_trickles_is_given_up()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Limits.BodyTimeout = TimeSpan.FromMilliseconds(300);
            options.Limits.ConcurrentRequests = 1;
        });
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        NetworkStream stream = slow.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /v1/vision/caption HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"));
        using var reader = new StreamReader(stream);
        string? status = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("HTTP/1.1 408 Request Timeout", status);

        // The only place is free again.
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") })).Status);
    }

    [Fact]
    public async Task Headers_that_trickle_are_given_up()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Limits.HeadersTimeout = TimeSpan.FromMilliseconds(300));
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes("POST /v1/vision/caption HTTP/1.1\r\nHost: localhost\r\nX-A: "));
        using var reader = new StreamReader(slow.GetStream());
        Assert.Equal("HTTP/1.1 408 Request Timeout", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Many_that_dawdle_do_not_keep_others_out_and_are_let_go()
    {
        const int dawdlers = 60;
        await using TestServer server = await TestServer.StartAsync(options => options.Limits.HeadersTimeout = TimeSpan.FromSeconds(1));
        var slow = new List<TcpClient>();
        try
        {
            for (int i = 0; i < dawdlers; i++)
            {
                var client = new TcpClient();
                slow.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
                await client.GetStream().WriteAsync("POST /v1/vision/caption HTTP/1.1\r\nHost: localhost\r\nX-A: "u8.ToArray());
            }

            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") })).Status);
            foreach (TcpClient client in slow)
            {
                using var reader = new StreamReader(client.GetStream());
                Assert.StartsWith("HTTP/1.1 408", await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.Ordinal);
            }
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Request-Timeout-Ms: 5\r\n X-Folded: 1\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX A: b\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n")]
    [InlineData("GET /v1/models\rX-Evil: 1 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public async Task Malformed_requests_are_refused_and_echo_nothing(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Server.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream);
        List<string> head = [];
        while (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { Length: > 0 } line)
            head.Add(line);
        Assert.Equal("HTTP/1.1 400 Bad Request", head[0]);
        Assert.DoesNotContain(head, line => line.Contains("Evil", StringComparison.OrdinalIgnoreCase));
        await AssertServesAsync();
    }

    [Theory]
    [InlineData("data:image/png;base64,")]
    [InlineData("data:image/png;base64,A")]
    [InlineData("data:image/png;base64,AAA")]
    [InlineData("data:image/png;base64,AA=A")]
    [InlineData("data:image/png;base64,AAAA====")]
    [InlineData("data:image/png;base64,AA-_")]
    [InlineData("data:image/png;base64,AAAA\u0000AAA")]
    [InlineData("data:image/png;base64,\u00e4\u00f6\u00fc\u00df")]
    [InlineData("data:image/png;base64")]
    [InlineData("data:,")]
    [InlineData("data:")]
    public async Task Malformed_base64_is_refused(string url)
    {
        Answer answer = await Server.PostAsync("/v1/vision/caption", new { image = url });
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_value"), (answer.Status, answer.ErrorCode));
    }

    [Theory]
    [InlineData("multipart/form-data", "")]
    [InlineData("multipart/form-data; boundary=", "")]
    [InlineData("multipart/form-data; boundary=x", "")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\n\r\nno name\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nabc")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"max_tokens\"\r\n\r\nmany\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"max_tokens\"\r\n\r\n{}\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nb\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"nonsense\"\r\n\r\n1\r\n--x--\r\n")]
    public async Task Malformed_forms_are_refused(string contentType, string body)
    {
        var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        Answer answer = await Server.SendAsync("/v1/vision/caption", content);
        Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.Text);
        Assert.Contains(answer.ErrorCode, (string[])["invalid_multipart", "invalid_value", "duplicate_parameter", "missing_parameter", "unknown_parameter"]);
    }

    [Fact]
    public async Task Whatever_the_bytes_the_answer_is_one_of_ours()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}, {"type": "text", "text": "caption en"}]}], "max_tokens": 2}""");
        byte[] form = Encoding.UTF8.GetBytes("--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nabc\r\n--x\r\nContent-Disposition: form-data; name=\"max_tokens\"\r\n\r\n2\r\n--x--\r\n");
        Gen<(int Kind, (int Place, byte Value)[] Changes, int Cut)> generator =
            from kind in Gen.Choose(0, 1)
            from count in Gen.Choose(0, 6)
            from changes in (from place in Gen.Choose(0, 400) from value in Gen.Choose(0, 255) select (place, (byte)value)).ArrayOf(count)
            from cut in Gen.Choose(0, 60)
            select (kind, changes, cut);
        foreach ((int kind, (int Place, byte Value)[] changes, int cut) in generator.Sample(150, 150))
        {
            byte[] body = [.. (kind == 0 ? json : form)];
            foreach ((int place, byte value) in changes)
                body[place % body.Length] = value;
            var content = new ByteArrayContent(cut > 40 ? body[..^(cut - 40)] : body);
            content.Headers.TryAddWithoutValidation("Content-Type", kind == 0 ? "application/json" : "multipart/form-data; boundary=x");
            Answer answer = await Server.SendAsync(kind == 0 ? "/v1/chat/completions" : "/v1/vision/caption", content);
            Assert.True((int)answer.Status is 200 or (>= 400 and < 500), $"{answer.Text} for {Convert.ToBase64String(body)}");
        }

        await AssertServesAsync();
    }

    private async Task AssertServesAsync() =>
        Assert.Equal(HttpStatusCode.OK, (await Server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") })).Status);

    private static bool TryDecode(byte[] data)
    {
        try
        {
            return Imaging.Image.Decode(data).Width > 0;
        }
        catch (ImageFormatException)
        {
            return false;
        }
    }

    // A file that declares a size and holds something else.
    private static byte[] PngHeader(int width, int height, int inflated = 100_000)
    {
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[9] = 2;
        WriteChunk(stream, "IHDR", header);
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] zeros = new byte[100_000];
            for (int left = inflated; left > 0; left -= zeros.Length)
                zlib.Write(zeros, 0, Math.Min(left, zeros.Length));
        }

        WriteChunk(stream, "IDAT", data.ToArray());
        WriteChunk(stream, "IEND", []);
        return stream.ToArray();
    }

    private static void WriteChunk(Stream stream, string type, byte[] data)
    {
        byte[] content = [.. Encoding.ASCII.GetBytes(type), .. data];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, CrcOf(content));
        stream.Write(number);
    }

    private static uint CrcOf(byte[] content)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in content)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }

        return ~crc;
    }

    /// <summary>A server that takes small bodies only.</summary>
    public sealed class SmallServer : IAsyncLifetime
    {
        internal TestServer Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await TestServer.StartAsync(options => options.Limits.RequestBytes = Limit);

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }
}
