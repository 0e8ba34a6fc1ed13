using PaliSharp.Conversations;
using PaliSharp.Generation;
using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Operations;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatEndpoint(ServerOptions options, ModelHost models, PictureReader pictures, BodyReader bodies, PromptLog promptLog)
{
    private readonly ChatMessages _messages = new(pictures, options.History);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(ApiCall call)
    {
        ChatRequest request = await bodies.ReadJsonAsync<ChatRequest>(call);
        ForeignFields.CheckRequest(request.Other);
        if (request.StreamOptions is not null && request.Stream != true)
            throw ApiException.InvalidValue("stream_options", "stream_options needs stream to be true.");
        ModelLease model = await call.UseAsync(models, request.Model);
        call.Record.Model = model.Name;
        ChatSettings settings = ChatSettings.Read(request, options.Limits);
        settings = settings with { Generation = AnswerForm.Apply(request.ResponseFormat, settings.Generation, model.Model) };
        Question<PictureSource> question = _messages.Read(request.Messages);
        IReadOnlyList<Image> images = await pictures.ReadAsync(question.Pictures, call);

        var answer = new ChatWriter(call, model, settings, question.Warnings);
        GenerationRequest[] choices =
            [.. Enumerable.Range(0, settings.Choices).Select(i => new GenerationRequest(question.Prompt, images, settings.OfChoice(i)))];
        GenerationResult[] results = request.Stream == true
            ? await answer.StreamAsync(choices, request.StreamOptions?.IncludeUsage == true)
            : await answer.CompleteAsync(choices);
        promptLog.Write(call.Record.RequestId, question.Prompt, results);
    }
}
