using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Server;

namespace PaliSharp.Bench;

/// <summary>
/// What the server gives over HTTP on this machine: 64 questions from one client and from several at once, which ask again as soon as they have
/// their answer. The clients run in the same process, so their work is part of what is measured.
/// </summary>
internal static class ServeBench
{
    private const int Requests = 64;
    private const string Name = "model";
    private const string Things = "square ; circle";
    private static readonly int[] Clients = [1, 8, 16];
    private static readonly string[] Stages = ["queue_ms", "picture_ms", "prompt_ms", "answer_ms", "total_ms"];

    private static readonly string[] Mixed =
        ["caption en", "detect circle", "ocr", "answer en what color is the circle?", "describe en", $"detect {Things}"];

    private static readonly Load[] Loads =
    [
        new("own pictures", Requests, 32, Mixed),
        new("known pictures", 4, 32, Mixed),
        new("long answers", 4, 128, [$"segment {Things} ; {Things} ; {Things}", $"detect {Things} ; {Things} ; {Things} ; {Things}"]),
    ];

    /// <summary>Measures, all numbers of clients in turns.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        int maxBatch = options.Rows ?? new PaliGemmaOptions().MaxBatch;
        await using WebApplication server = PaliSharpServer.Create(
            new ServerOptions
            {
                Port = 0,
                Models =
                [
                    new HostedModel
                    {
                        Name = Name,
                        Path = options.Model.Length > 0 ? options.Model : null,
                        Options = new PaliGemmaOptions
                        {
                            Cpu = new() { Threads = options.Threads, InstructionPath = options.Path },
                            MaxBatch = maxBatch,
                            PictureCacheBytes = 1 << 20, // holds the pictures of those loads that ask again about a few, and not those of the other
                        },
                    },
                ],
            },
            logging => logging.SetMinimumLevel(LogLevel.Critical));
        await server.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls.First()) };
        while (!(await client.GetAsync("/health/ready")).IsSuccessStatusCode)
            await Task.Delay(10);
        foreach (Load load in Loads.Where(load => load.Name.Contains(options.Only, StringComparison.Ordinal)))
            await MeasureAsync(client, load, options.Repeats);
        await server.StopAsync();
    }

    private static async Task MeasureAsync(HttpClient client, Load load, int repeats)
    {
        byte[][] bodies = [.. Enumerable.Range(0, Requests).Select(load.Body)];
        foreach (int clients in Clients)
            _ = await AskAsync(client, bodies, clients);
        var runs = Clients.ToDictionary(clients => clients, _ => new List<Run>());
        for (int i = 0; i < repeats; i++)
        {
            foreach (int clients in Clients)
                runs[clients].Add(await AskAsync(client, bodies, clients));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{load.Name}: {runs[1][0].Answers.Average(answer => answer.Tokens):f1} tokens an answer"));
        double alone = Share(runs[1].Select(run => run.Seconds), 0.5);
        foreach (int clients in Clients)
        {
            Answer[] answers = [.. runs[clients].SelectMany(run => run.Answers)];
            double[] latencies = [.. answers.Select(answer => answer.Seconds)];
            double median = Share(runs[clients].Select(run => run.Seconds), 0.5);
            double processor = Share(runs[clients].Select(run => run.ProcessorSeconds), 0.5);
            string stages = string.Join(", ", Stages.Select((stage, i) => string.Create(
                CultureInfo.InvariantCulture, $"{stage[..^3]} {answers.Average(answer => answer.Milliseconds[i]):f1}")));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients,3} clients: {Requests / median,7:f1} requests/s, {alone / median:f2} times one client; latency median "
                + $"{Share(latencies, 0.5) * 1000:f1} ms, 95 % {Share(latencies, 0.95) * 1000:f1} ms; "
                + $"processor {processor / Requests * 1000:f1} ms a request; mean ms: {stages}"));
        }
    }

    private static double Share(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)((sorted.Length - 1) * share)];
    }

    private static async Task<Run> AskAsync(HttpClient client, byte[][] bodies, int clients)
    {
        var answers = new Answer[bodies.Length];
        int next = -1;
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(AskOneByOneAsync)));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        return new Run(seconds, (process.TotalProcessorTime - before).TotalSeconds, answers);

        async Task AskOneByOneAsync()
        {
            for (int i = Interlocked.Increment(ref next); i < bodies.Length; i = Interlocked.Increment(ref next))
            {
                long asked = Stopwatch.GetTimestamp();
                using var content = new ByteArrayContent(bodies[i]);
                content.Headers.ContentType = new("application/json");
                using HttpResponseMessage response = await client.PostAsync("/v1/chat/completions", content);
                response.EnsureSuccessStatusCode();
                byte[] json = await response.Content.ReadAsByteArrayAsync();
                answers[i] = Answer.Of(json, Stopwatch.GetElapsedTime(asked).TotalSeconds);
            }
        }
    }

    /// <summary>What is asked.</summary>
    /// <param name="Name">What it is called.</param>
    /// <param name="Pictures">How many different pictures.</param>
    /// <param name="MaxTokens">The most tokens of an answer.</param>
    /// <param name="Prompts">The prompts, in turns.</param>
    private sealed record Load(string Name, int Pictures, int MaxTokens, string[] Prompts)
    {
        /// <summary>The body of one question.</summary>
        public byte[] Body(int number)
        {
            using var png = new MemoryStream();
            Image picture = BatchBench.Draw(number % Pictures);
            picture.SavePng(png);
            string url = $"data:image/png;base64,{Convert.ToBase64String(png.ToArray())}";
            object[] content = [new { type = "image_url", image_url = new { url } }, new { type = "text", text = Prompts[number % Prompts.Length] }];
            return JsonContent.Create(new
            {
                model = ServeBench.Name,
                max_tokens = MaxTokens,
                messages = (object[])[new { role = "user", content }],
            }).ReadAsByteArrayAsync().GetAwaiter().GetResult();
        }
    }

    /// <summary>All questions once.</summary>
    private sealed record Run(double Seconds, double ProcessorSeconds, Answer[] Answers);

    /// <summary>One answer.</summary>
    /// <param name="Seconds">From the question to the whole answer, as the client sees it.</param>
    /// <param name="Tokens">The tokens written.</param>
    /// <param name="Milliseconds">What the server says about each stage.</param>
    private sealed record Answer(double Seconds, int Tokens, double[] Milliseconds)
    {
        public static Answer Of(byte[] json, double seconds)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement timings = document.RootElement.GetProperty("timings");
            return new Answer(
                seconds,
                document.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
                [.. Stages.Select(stage => timings.GetProperty(stage).GetDouble())]);
        }
    }
}
