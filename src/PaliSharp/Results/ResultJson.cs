using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PaliSharp.Results;

/// <summary>How results become JSON, wherever they are written: the command line, the server, batches.</summary>
public static class ResultJson
{
    /// <summary>New options for a serialiser: names in snake case, text as it is.</summary>
    /// <returns>Options that can still be changed; a serialiser context needs an instance of its own.</returns>
    public static JsonSerializerOptions CreateOptions() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,

        // Results are read by programs as UTF-8, never embedded in HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,

        // A checkpoint of NaNs still gets an answer that can be read.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
