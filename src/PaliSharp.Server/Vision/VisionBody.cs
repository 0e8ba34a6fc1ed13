using System.Text.Json;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Vision;

/// <summary>A body of a vision route as it arrived, in whichever form.</summary>
/// <param name="Fields">The fields as JSON.</param>
/// <param name="Parts">The pictures of a multipart body; none for JSON.</param>
internal sealed record VisionBody(JsonElement Fields, IReadOnlyList<PicturePart> Parts)
{
    /// <summary>Receives a body.</summary>
    /// <exception cref="Errors.ApiException">It is malformed, too large or too slow.</exception>
    public static async Task<VisionBody> ReceiveAsync(ApiCall call, BodyReader bodies) =>
        MultipartBody.IsMultipart(call.Context.Request)
            ? await bodies.ReceiveAsync(call, (body, cancellationToken) => MultipartBody.ReadAsync(call.Context.Request, body, cancellationToken))
            : new VisionBody(await bodies.ReadJsonAsync<JsonElement>(call), []);
}

/// <summary>A picture that came as a part of a multipart body.</summary>
/// <param name="Name">The name of the part.</param>
/// <param name="FileName">The name of the file, without any folder.</param>
/// <param name="Data">The encoded picture.</param>
internal sealed record PicturePart(string Name, string FileName, byte[] Data);
