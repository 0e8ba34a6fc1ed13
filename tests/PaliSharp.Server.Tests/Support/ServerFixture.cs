using PaliSharp.Hosting;
using Xunit;

namespace PaliSharp.Server.Tests.Support;

/// <summary>One server for all tests that need no options of their own, and the model itself to compare with.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    /// <summary>The model that answers, for what it says when asked directly.</summary>
    internal PaliGemma Model => Server.Model;

    public async Task InitializeAsync() => Server = await TestServer.StartAsync(options => options.Models.Add(
        new HostedModel { Name = "second", Path = options.Models[0].Path }));

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>What the model answers, asked directly.</summary>
    internal async Task<string> AnswerAsync(string prompt, string sample) => (await Model.GenerateAsync(Sample.Image(sample), prompt)).Text;
}

/// <summary>The tests that share the server.</summary>
[CollectionDefinition(Name)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit's term.")]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>
{
    public const string Name = "server";
}
