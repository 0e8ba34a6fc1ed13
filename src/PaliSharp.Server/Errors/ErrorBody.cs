namespace PaliSharp.Server.Errors;

/// <summary>An error as OpenAI's API gives it.</summary>
/// <param name="Error">The error.</param>
internal sealed record ErrorBody(ErrorDetail Error)
{
    /// <summary>Describes an exception.</summary>
    public static ErrorBody Of(ApiException exception) => new(new ErrorDetail(exception.Message, exception.Type, exception.Param, exception.Code));
}

/// <summary>What went wrong.</summary>
/// <param name="Message">For people.</param>
/// <param name="Type">The kind of error.</param>
/// <param name="Param">The field that is wrong, if one is.</param>
/// <param name="Code">What exactly it is.</param>
internal sealed record ErrorDetail(string Message, string Type, string? Param, string Code);
