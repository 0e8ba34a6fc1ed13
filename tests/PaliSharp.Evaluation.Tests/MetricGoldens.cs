using System.Text.Json;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

/// <summary>The reference data of the metrics: what the official scorers give.</summary>
internal static class MetricGoldens
{
    private const string Topic = "metrics";

    /// <summary>The files of a name in all folders of the topic.</summary>
    public static IEnumerable<JsonElement> Files(string name)
    {
        string[] files = [.. GoldenData.Topic(Topic).SelectMany(folder => Directory.GetFiles(folder, name, SearchOption.AllDirectories))];
        Skip.If(files.Length == 0 && GoldenData.Explicit is null, "The reference data of the metrics is not there.");
        GoldenData.RequireCases(Topic, files);
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            yield return document.RootElement.Clone();
        }
    }

    public static IEnumerable<JsonElement> List(this JsonElement element, string name) => element.GetProperty(name).EnumerateArray();

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static double Number(this JsonElement element, string name) => element.GetProperty(name).GetDouble();

    public static int Integer(this JsonElement element, string name) => (int)element.GetProperty(name).GetDouble();

    public static string[] Texts(this JsonElement element, string name) => [.. element.List(name).Select(item => item.GetString()!)];

    public static double[] Numbers(this JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetDouble())];

    public static void Close(double expected, double actual, double relative, string name)
    {
        if (Math.Abs(expected - actual) > relative * Math.Max(1, Math.Abs(expected)))
            Assert.Fail($"{name}: {actual:R} instead of {expected:R}");
    }
}
