using System.Text.Json;

namespace PaliSharp.Server.Errors;

/// <summary>Reads texts of callers' JSON.</summary>
internal static class JsonText
{
    /// <summary>The text of an element that is one.</summary>
    /// <param name="element">A JSON string.</param>
    /// <param name="param">The field, for errors.</param>
    /// <exception cref="ApiException">It holds half a character.</exception>
    public static string Of(JsonElement element, string param)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw ApiException.BadRequest("invalid_json", "The text holds half of a surrogate pair, which is no character.", param, exception);
        }
    }
}
