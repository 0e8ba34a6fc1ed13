using PaliSharp.Imaging;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Extensions.AI.Tests;

/// <summary>The demonstration model, loaded once.</summary>
public sealed class ModelFixture : IDisposable
{
    internal PaliGemma Model { get; } = PaliGemma.Load(ModelPath);

    internal static string ModelPath => Path.Combine(GoldenData.RepositoryRoot, "models", "nano");

    internal static byte[] Ring => File.ReadAllBytes(Path.Combine(GoldenData.RepositoryRoot, "samples", "orange-ring.png"));

    internal static Image RingImage => Image.Decode(Ring);

    /// <summary>What the model answers about the ring, asked directly.</summary>
    internal async Task<string> AnswerAsync(string prompt) => (await Model.GenerateAsync(RingImage, prompt)).Text;

    public void Dispose() => Model.Dispose();
}

[CollectionDefinition(Name)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit's term.")]
public sealed class ModelCollection : ICollectionFixture<ModelFixture>
{
    public const string Name = "model";
}
