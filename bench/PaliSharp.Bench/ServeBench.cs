using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Server;

namespace PaliSharp.Bench;

/// <summary>
/// What the server gives over HTTP on this machine: 64 questions, each about a picture of its own, from one client and from several at once. Encoded
/// pictures are not kept, so nothing is saved by repetition.
/// </summary>
internal static class ServeBench
{
    private const int Requests = 64;
    private const string Name = "model";
    private static readonly int[] Clients = [1, 8, 16];
    private static readonly string[] Prompts = ["caption en", "detect circle", "ocr", "answer en what color is the circle?", "describe en", "detect square ; circle"];

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
                        Options = new PaliGemmaOptions { Cpu = new() { Threads = options.Threads, InstructionPath = options.Path }, MaxBatch = maxBatch, PictureCacheBytes = 0 },
                    },
                ],
            },
            logging => logging.SetMinimumLevel(LogLevel.Critical));
        await server.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls.First()) };
        while (!(await client.GetAsync("/health/ready")).IsSuccessStatusCode)
            await Task.Delay(10);

        byte[][] bodies = [.. Enumerable.Range(0, Requests).Select(Body)];
        foreach (int clients in Clients)
            _ = await MeasureAsync(client, bodies, clients);
        var seconds = Clients.ToDictionary(clients => clients, _ => new List<double>());
        var latencies = Clients.ToDictionary(clients => clients, _ => new List<double>());
        for (int i = 0; i < options.Repeats; i++)
        {
            foreach (int clients in Clients)
            {
                (double elapsed, double[] each) = await MeasureAsync(client, bodies, clients);
                seconds[clients].Add(elapsed);
                latencies[clients].AddRange(each);
            }
        }

        foreach (int clients in Clients)
        {
            double median = Share(seconds[clients], 0.5);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients,3} clients: {Requests / median,7:f1} requests/s, {Share(seconds[1], 0.5) / median:f2} times one client; latency median {Share(latencies[clients], 0.5) * 1000:f1} ms, 95 % {Share(latencies[clients], 0.95) * 1000:f1} ms"));
        }

        await server.StopAsync();
    }

    private static double Share(List<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));

    private static byte[] Body(int number)
    {
        using var png = new MemoryStream();
        Image picture = BatchBench.Draw(number);
        picture.SavePng(png);
        string url = $"data:image/png;base64,{Convert.ToBase64String(png.ToArray())}";
        return JsonContent.Create(new
        {
            model = Name,
            max_tokens = 32,
            messages = (object[])[new { role = "user", content = (object[])[new { type = "image_url", image_url = new { url } }, new { type = "text", text = Prompts[number % Prompts.Length] }] }],
        }).ReadAsByteArrayAsync().GetAwaiter().GetResult();
    }

    private static async Task<(double Seconds, double[] Latencies)> MeasureAsync(HttpClient client, byte[][] bodies, int clients)
    {
        var latencies = new double[bodies.Length];
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(AskAsync)));
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, latencies);

        async Task AskAsync()
        {
            for (int i = Interlocked.Increment(ref next); i < bodies.Length; i = Interlocked.Increment(ref next))
            {
                long asked = Stopwatch.GetTimestamp();
                using var content = new ByteArrayContent(bodies[i]);
                content.Headers.ContentType = new("application/json");
                using HttpResponseMessage response = await client.PostAsync("/v1/chat/completions", content);
                response.EnsureSuccessStatusCode();
                _ = await response.Content.ReadAsByteArrayAsync();
                latencies[i] = Stopwatch.GetElapsedTime(asked).TotalSeconds;
            }
        }
    }
}
