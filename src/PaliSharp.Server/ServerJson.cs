using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using PaliSharp.Results;
using PaliSharp.Server.Errors;
using PaliSharp.Server.OpenAI;
using PaliSharp.Server.Operations;
using PaliSharp.Server.Vision;

namespace PaliSharp.Server;

/// <summary>How the server's types are read and written: names in snake case, a name at most once.</summary>
internal static class ServerJson
{
    private const int MaximumDepth = 32;

    /// <summary>The serialisers.</summary>
    public static ServerJsonContext Context { get; } = Create();

    private static ServerJsonContext Create()
    {
        JsonSerializerOptions options = ResultJson.CreateOptions();
        options.MaxDepth = MaximumDepth;
        options.AllowDuplicateProperties = false;
        return new ServerJsonContext(options);
    }
}

/// <summary>Serialisers made at compile time.</summary>
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(VisionAnswer))]
[JsonSerializable(typeof(VisionRequest))]
internal sealed partial class ServerJsonContext : JsonSerializerContext;
