using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PaliSharp.Batching;
using PaliSharp.Hosting;

namespace PaliSharp.Server.Errors;

/// <summary>What callers are told about each kind of exception.</summary>
internal static class ErrorTranslation
{
    /// <summary>Translates an exception.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="requestId">The request, for those that only the log explains.</param>
    public static ApiException Translate(Exception exception, string requestId) => exception switch
    {
        ApiException known => known,
        BadHttpRequestException bad => Translate(bad),
        JsonException json => ApiException.BadRequest("invalid_json", $"The body is not the JSON that is expected: {Describe(json)}", Field(json.Path), json),
        UnknownModelException unknown => ApiException.ModelNotFound(unknown),
        PromptException prompt => ApiException.BadRequest("invalid_prompt", prompt.Message, inner: prompt),
        ImageFormatException image => ApiException.BadRequest("invalid_image", image.Message, inner: image),
        QueueFullException full => ApiException.Overloaded(full.RetryAfter),
        RequestTimeoutException late => ApiException.TimedOut(late.Timeout),
        ResourceLimitException limit => ApiException.BadRequest("limit_exceeded", limit.Message, inner: limit),
        ArgumentException argument and not ArgumentNullException => ApiException.BadRequest("invalid_value", WithoutParameter(argument), inner: argument),
        CheckpointException checkpoint => new ApiException(StatusCodes.Status501NotImplemented, "server_error", "model_cannot", checkpoint.Message, checkpoint),
        _ => ApiException.Internal(requestId),
    };

    private static ApiException Translate(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => ApiException.TooLarge("The body is larger than the server takes."),
        StatusCodes.Status408RequestTimeout =>
            new ApiException(StatusCodes.Status408RequestTimeout, "invalid_request_error", "body_timeout", "The body arrived too slowly."),
        _ => ApiException.BadRequest("invalid_request", exception.Message, inner: exception),
    };

    // The framework's own sentence first, the place as far as it is known.
    private static string Describe(JsonException exception)
    {
        string message = exception.Message;
        int path = message.IndexOf(" Path: ", StringComparison.Ordinal);
        string sentence = path < 0 ? message : message[..path];
        string place = exception.LineNumber is { } line ? $" (line {line + 1}, byte {exception.BytePositionInLine + 1})" : string.Empty;
        return Shown.Text(sentence).TrimEnd() + place;
    }

    private static string? Field(string? path) => path is { Length: > 2 } && path.StartsWith("$.", StringComparison.Ordinal) ? Shown.Text(path[2..]) : null;

    private static string WithoutParameter(ArgumentException exception)
    {
        int end = exception.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? exception.Message : exception.Message[..end];
    }
}
