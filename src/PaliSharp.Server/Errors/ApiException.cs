using Microsoft.AspNetCore.Http;
using PaliSharp.Hosting;

namespace PaliSharp.Server.Errors;

/// <summary>A request that is refused, with all that its answer needs.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="type">The kind of error as OpenAI names it.</param>
/// <param name="code">What exactly it is, for programs.</param>
/// <param name="message">What was found, what was expected and what to do.</param>
/// <param name="innerException">The cause, if another exception was.</param>
internal sealed class ApiException(int status, string type, string code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    private const string InvalidRequest = "invalid_request_error";

    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>The kind of error as OpenAI names it.</summary>
    public string Type => type;

    /// <summary>What exactly it is, for programs.</summary>
    public string Code => code;

    /// <summary>The field that is wrong, if one is.</summary>
    public string? Param { get; init; }

    /// <summary>When to try again, if that helps.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The request itself is wrong.</summary>
    public static ApiException BadRequest(string code, string message, string? param = null, Exception? inner = null) =>
        new(StatusCodes.Status400BadRequest, InvalidRequest, code, message, inner) { Param = param };

    /// <summary>A value is wrong.</summary>
    public static ApiException InvalidValue(string param, string message) => BadRequest("invalid_value", message, param);

    /// <summary>What is asked for exists, but not here.</summary>
    public static ApiException Unsupported(string param, string message) => BadRequest("unsupported_value", message, param);

    /// <summary>A field that is not known.</summary>
    public static ApiException UnknownField(string param, string where) =>
        BadRequest("unknown_parameter", $"There is no field '{Shown.Text(param)}' in {where}. Leave it out; the fields are listed in /openapi.json.", param);

    /// <summary>There is no such model.</summary>
    public static ApiException ModelNotFound(UnknownModelException exception) =>
        new(StatusCodes.Status404NotFound, InvalidRequest, "model_not_found", exception.Message, exception) { Param = "model" };

    /// <summary>The body, or something in it, is larger than allowed.</summary>
    public static ApiException TooLarge(string message, string? param = null) =>
        new(StatusCodes.Status413PayloadTooLarge, InvalidRequest, "request_too_large", message) { Param = param };

    /// <summary>The body is of another kind than the route takes.</summary>
    public static ApiException WrongMediaType(string message) =>
        new(StatusCodes.Status415UnsupportedMediaType, InvalidRequest, "unsupported_media_type", message);

    /// <summary>The caller presented no key, or a wrong one.</summary>
    public static ApiException Unauthorized(string message) => new(StatusCodes.Status401Unauthorized, InvalidRequest, "invalid_api_key", message);

    /// <summary>The caller may not do this.</summary>
    public static ApiException Forbidden(string code, string message) => new(StatusCodes.Status403Forbidden, InvalidRequest, code, message);

    /// <summary>More is asked at once than the server can take.</summary>
    public static ApiException Overloaded(TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, "rate_limit_error", "server_overloaded", "The server has all the work it can take. Try again later.")
        {
            RetryAfter = retryAfter,
        };

    /// <summary>The caller asked more often than allowed.</summary>
    public static ApiException RateLimited(TimeSpan retryAfter) =>
        new(
            StatusCodes.Status429TooManyRequests,
            "rate_limit_error",
            "rate_limit_exceeded",
            "You sent more requests than allowed in a minute. Try again later.")
        {
            RetryAfter = retryAfter,
        };

    /// <summary>The server is starting or stopping.</summary>
    public static ApiException Unavailable(string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "server_error", "unavailable", message) { RetryAfter = retryAfter };

    /// <summary>The request took longer than it may.</summary>
    public static ApiException TimedOut(TimeSpan limit) =>
        new(
            StatusCodes.Status504GatewayTimeout,
            "server_error",
            "timeout",
            $"The request took longer than {limit.TotalSeconds:0.###} seconds and was stopped. Ask for fewer tokens, or try again when there is less to do.");

    /// <summary>Something failed that the caller cannot help.</summary>
    public static ApiException Internal(string requestId) =>
        new(StatusCodes.Status500InternalServerError, "server_error", "internal_error", $"The server failed. Its log has the reason under {requestId}.");
}
