using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace PaliSharp.Extensions.AI.Tests;

public sealed class ServiceCollectionTests
{
    [Fact]
    public async Task A_program_gets_the_model_a_client_and_a_health_check()
    {
        var builder = new HostApplicationBuilder();
        builder.Services.AddPaliSharp(options =>
        {
            options.Model = ModelFixture.ModelPath;
            options.ModelId = "shapes";
        });
        builder.Services.AddHealthChecks().AddPaliSharp();
        using IHost host = builder.Build();
        HealthCheckService health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        await host.StartAsync();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        IChatClient client = host.Services.GetRequiredService<IChatClient>();
        ChatResponse response = await client.GetResponseAsync(
            [new ChatMessage(ChatRole.User, [new DataContent(ModelFixture.Ring, "image/png"), new TextContent("caption en")])]);
        Assert.Equal((await host.Services.GetRequiredService<PaliGemma>().CaptionAsync(ModelFixture.RingImage)).Text, response.Text);
        Assert.Equal("shapes", response.ModelId);
        Assert.Same(host.Services.GetRequiredService<PaliGemma>(), client.GetService<PaliGemma>());
        await host.StopAsync();
    }

    [Fact]
    public void Options_come_from_the_configuration()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["PaliSharp:Model"] = "some/where",
            ["PaliSharp:MaxBatch"] = "3",
            ["PaliSharp:History"] = "LastMessage",
            ["PaliSharp:LoadAtStart"] = "false",
        }).Build();
        using ServiceProvider services = new ServiceCollection().AddPaliSharp(configuration.GetSection("PaliSharp")).BuildServiceProvider();
        PaliSharpOptions options = services.GetRequiredService<IOptions<PaliSharpOptions>>().Value;
        Assert.Equal(("some/where", 3, Conversations.ConversationHistory.LastMessage, false), (options.Model, options.MaxBatch, options.History, options.LoadAtStart));
    }

    [Fact]
    public async Task Options_that_make_no_sense_keep_the_program_from_starting()
    {
        var builder = new HostApplicationBuilder();
        builder.Services.AddPaliSharp(options =>
        {
            options.Threads = -1;
            options.MaxBatch = 0;
        });
        using IHost host = builder.Build();
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal(2, exception.Failures.Count());
    }

    [Fact]
    public async Task A_model_that_is_not_there_keeps_the_program_from_starting()
    {
        var builder = new HostApplicationBuilder();
        builder.Services.AddPaliSharp(options => options.Model = "/no/such/folder");
        using IHost host = builder.Build();
        await Assert.ThrowsAnyAsync<PaliSharpException>(() => host.StartAsync());
    }
}
