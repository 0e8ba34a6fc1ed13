using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using PaliSharp.Generation;
using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.OpenAI;
using PaliSharp.Server.Operations;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.Vision;

/// <summary><c>POST /v1/vision/{task}</c> and <c>POST /v1/vision/batch</c>.</summary>
internal sealed class VisionEndpoint(ServerOptions options, ModelHost models, PictureReader pictures, BodyReader bodies, PromptLog promptLog)
{
    private const string PngType = "image/png";
    private readonly VisionTasks _tasks = new(options.Limits);

    /// <summary>Makes the handler of a task.</summary>
    public Func<ApiCall, Task> Of(string task) => call => AnswerAsync(task, call);

    /// <summary>Answers a batch of requests to any tasks. One that fails does not keep the others from their answers.</summary>
    public async Task BatchAsync(ApiCall call)
    {
        VisionBody body = await VisionBody.ReceiveAsync(call, bodies);
        IReadOnlyList<BatchItem> items = BatchItem.Read(body.Fields, options.Limits.BatchItems);
        BatchOutcome[] outcomes = await Task.WhenAll(items.Select(item => DoAsync(item, body.Parts, call)));
        call.Cancellation.ThrowIfCancellationRequested();
        VisionFindings[] findings = [.. outcomes.Select(outcome => outcome.Findings).OfType<VisionFindings>()];
        GenerationResult[] generations = [.. findings.SelectMany(found => found.Generations)];
        AnswerAccounts accounts = AnswerAccounts.Of(
            call, generations, generations, (findings.Sum(found => found.Read.Text), findings.Sum(found => found.Read.Image)));
        var answer = new BatchAnswer(call.Record.RequestId, [.. outcomes.Select(outcome => outcome.Answer)], accounts.Usage, accounts.Timings);
        await JsonAnswer.WriteAsync(call.Context, StatusCodes.Status200OK, answer, call.Cancellation);
    }

    private static bool WantsPng(HttpRequest request) =>
        request.GetTypedHeaders().Accept is { Count: > 0 } accepted && accepted[0].MediaType.Equals(PngType, StringComparison.OrdinalIgnoreCase);

    private static byte[] Png(Image image)
    {
        using var stream = new MemoryStream();
        image.SavePng(stream);
        return stream.ToArray();
    }

    private static IReadOnlyList<string>? DataUrls(IReadOnlyList<Image>? images) =>
        images is null ? null : [.. images.Select(image => $"data:{PngType};base64,{Convert.ToBase64String(Png(image))}")];

    private async Task AnswerAsync(string task, ApiCall call)
    {
        VisionBody body = await VisionBody.ReceiveAsync(call, bodies);
        bool asPng = WantsPng(call.Context.Request);
        VisionRequest request = Parse(task, body.Fields);
        if (asPng)
            request = AskForDrawing(task, request, body.Parts);
        (ModelLease model, VisionFindings findings) = await DoAsync(task, request, body.Parts, call);
        call.Record.Model = model.Name;
        AnswerAccounts accounts = AnswerAccounts.Of(call, findings.Generations, findings.Generations, findings.Read);
        if (asPng)
        {
            call.Context.Response.ContentType = PngType;
            await call.Context.Response.Body.WriteAsync(Png(findings.Drawn![0]), call.Cancellation);
            return;
        }

        var answer = new VisionAnswer(
            call.Record.RequestId, task, model.Name, findings.Lines, DataUrls(findings.Drawn), findings.Rankings, accounts.Usage, accounts.Timings);
        await JsonAnswer.WriteAsync(call.Context, StatusCodes.Status200OK, answer, call.Cancellation);
    }

    private static VisionRequest AskForDrawing(string task, VisionRequest request, IReadOnlyList<PicturePart> parts)
    {
        if (task is not ("detect" or "segment"))
            throw ApiException.BadRequest("not_acceptable", $"There is nothing to draw for {task}. Accept application/json instead of {PngType}.");
        return (request.Images?.Count ?? 0) + parts.Count > 1
            ? throw ApiException.BadRequest("not_acceptable", $"One answer holds one {PngType}. Send one picture, or ask for draw in JSON.")
            : request with { Draw = true };
    }

    private static VisionRequest Parse(string task, JsonElement fields)
    {
        VisionFields.Check(task, fields);
        return fields.Deserialize(JsonAnswer.TypeInfo<VisionRequest>())
            ?? throw ApiException.BadRequest("invalid_json", "The body is null. Send a JSON object.");
    }

    private async Task<(ModelLease Model, VisionFindings Findings)> DoAsync(string task, VisionRequest request, IReadOnlyList<PicturePart> parts, ApiCall call)
    {
        ModelLease model = await call.UseAsync(models, request.Model);
        PictureSource[] sources = [.. PictureNames.Find(request, parts, pictures)];
        pictures.CheckCount(sources.Length, "images");
        IReadOnlyList<Image> images = await pictures.ReadAsync(sources, call);
        VisionFindings findings = await _tasks.RunAsync(
            task, model.Model, request, [.. images.Select((image, i) => new NamedPicture(sources[i].Name, image))], call.Cancellation);
        promptLog.Write(call.Record.RequestId, findings.Generations is [var first, ..] ? first.Prompt : null, findings.Generations);
        return (model, findings);
    }

    private async Task<BatchOutcome> DoAsync(BatchItem item, IReadOnlyList<PicturePart> parts, ApiCall call)
    {
        try
        {
            VisionRequest request = Parse(item.Task, item.Fields);
            PicturePart[] named = [.. parts.Where(part => PictureNames.IsNamed(request, part))];
            using ApiCall own = call.Part();
            (ModelLease model, VisionFindings findings) = await DoAsync(item.Task, request, named, own);
            call.Record.Model ??= model.Name;
            var answer = new BatchItemAnswer(
                item.Id, StatusCodes.Status200OK, item.Task, model.Name, findings.Lines, DataUrls(findings.Drawn), findings.Rankings, null);
            return new BatchOutcome(answer, findings);
        }
        catch (Exception exception) when (!call.Cancellation.IsCancellationRequested)
        {
            ApiException error = ErrorTranslation.Translate(exception, call.Record.RequestId);
            return new BatchOutcome(new BatchItemAnswer(item.Id, error.Status, item.Task, null, null, null, null, ErrorBody.Of(error).Error), null);
        }
    }

    private sealed record BatchOutcome(BatchItemAnswer Answer, VisionFindings? Findings);
}
