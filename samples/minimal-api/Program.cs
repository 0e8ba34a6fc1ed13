// A web service of your own on PaliSharp:
//   dotnet run -c Release --project samples/minimal-api
//   curl -s http://localhost:5000/things/red%20circle -F picture=@samples/red-circles.png
using Microsoft.Extensions.AI;
using PaliSharp;
using PaliSharp.Extensions.AI;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddPaliSharp(builder.Configuration.GetSection("PaliSharp"));
builder.Services.AddHealthChecks().AddPaliSharp();
WebApplication app = builder.Build();

// The library's own types: boxes in pixels, with labels and scores.
app.MapPost("/things/{thing}", async (string thing, IFormFile picture, PaliGemma model, CancellationToken cancellationToken) =>
{
    await using Stream stream = picture.OpenReadStream();
    DetectionResult found = await model.DetectAsync(Image.Load(stream), [thing], cancellationToken: cancellationToken);
    return found.Detections.Select(detection => new { detection.Label, detection.Score, Box = detection.Box.ToString() });
}).DisableAntiforgery();

// The same model as a chat client of Microsoft.Extensions.AI.
app.MapPost("/caption", async (IFormFile picture, IChatClient chat, CancellationToken cancellationToken) =>
{
    await using Stream stream = picture.OpenReadStream();
    DataContent content = await DataContent.LoadFromAsync(stream, picture.ContentType, cancellationToken);
    ChatResponse answer = await chat.GetResponseAsync([new ChatMessage(ChatRole.User, [content, new TextContent("caption en")])], cancellationToken: cancellationToken);
    return answer.Text;
}).DisableAntiforgery();

app.MapHealthChecks("/health");
await app.RunAsync();
