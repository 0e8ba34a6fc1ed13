using System.Globalization;
using System.Net;
using System.Text.Json;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>A file as the hub lists it.</summary>
/// <param name="Path">Its path in the repository, checked to be safe.</param>
/// <param name="Size">Its bytes, if the hub tells.</param>
internal sealed record ListedFile(string Path, long? Size);

/// <summary>A revision as the hub lists it.</summary>
internal sealed record RepositoryListing(string Commit, bool Gated, IReadOnlyList<ListedFile> Files);

/// <summary>What the hub tells about a file before it is downloaded.</summary>
/// <param name="ETag">The name of its content: SHA-256 for large files, Git's blob SHA-1 for others.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record FileMetadata(string ETag, long Size);

/// <summary>Asks the hub which files a revision has, and what each of them is.</summary>
internal sealed class HubApi(HubTransport transport, HubOptions options)
{
    private const int LongestListing = 16 * 1024 * 1024;
    private const int MostFiles = 100_000;
    private const long LargestFile = 1L << 44;

    /// <summary>Lists the files of a revision.</summary>
    /// <exception cref="HubException">The hub refuses, or its answer is malformed or unsafe.</exception>
    public Task<RepositoryListing> ListAsync(ModelReference reference, CancellationToken cancellationToken)
    {
        var address = new Uri($"{options.Address}/api/models/{reference.Id}/revision/{Uri.EscapeDataString(reference.Revision)}?blobs=true");
        return new RetryPolicy(options).RunAsync(
            async () =>
            {
                using HubAnswer answer = await transport.SendAsync(HttpMethod.Get, address, 0, null, cancellationToken);
                if (answer.Response.StatusCode != HttpStatusCode.OK)
                    throw HubErrors.Explain(answer, reference, options, null, gated: false);
                return Parse(await ReadBoundedAsync(answer, cancellationToken), reference);
            },
            cancellationToken);
    }

    /// <summary>Asks for the name and size of a file's content.</summary>
    /// <exception cref="HubException">The hub refuses, or does not tell.</exception>
    public Task<FileMetadata> DescribeAsync(
        ModelReference reference, RepositoryListing listing, string file, CancellationToken cancellationToken)
    {
        return new RetryPolicy(options).RunAsync(
            async () =>
            {
                // The hub answers a large file with a redirect that already tells all; where it leads need not be asked.
                using HubAnswer answer = await transport.SendAsync(
                    HttpMethod.Head, Address(reference, listing.Commit, file), 0, a => a.Header("X-Linked-Etag") is not null, cancellationToken);
                bool redirect = (int)answer.Response.StatusCode is >= 300 and < 400;
                if (answer.Response.StatusCode != HttpStatusCode.OK && !redirect)
                    throw HubErrors.Explain(answer, reference, options, file, listing.Gated);
                return ReadMetadata(answer, reference, listing.Commit, file);
            },
            cancellationToken);
    }

    /// <summary>Where a file is downloaded from.</summary>
    public Uri Address(ModelReference reference, string commit, string file)
        => new($"{options.Address}/{reference.Id}/resolve/{commit}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}");

    private FileMetadata ReadMetadata(HubAnswer answer, ModelReference reference, string commit, string file)
    {
        if (answer.Header("X-Repo-Commit") is { } said && said != commit && answer.FromHub)
            throw Malformed(reference, $"file '{file}' belongs to commit '{ModelReference.Shorten(said)}' instead of '{commit}'");

        string etag = (answer.Header("X-Linked-Etag") ?? answer.Header("ETag") ?? "").Trim();
        if (etag.StartsWith("W/", StringComparison.Ordinal))
            etag = etag[2..];
        etag = etag.Trim('"');
        // It becomes a file's name: no dots, which mark files in the making, and longer than the devices that Windows finds everywhere.
        bool safe = etag.Length is > 4 and <= 128 && etag.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (!safe)
            throw Malformed(reference, $"the answer for file '{file}' has no usable ETag ('{ModelReference.Shorten(etag)}')");

        string? size = answer.Header("X-Linked-Size") ?? answer.Header("Content-Length");
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) || bytes > LargestFile)
            throw Malformed(reference, $"the answer for file '{file}' has no usable size ('{ModelReference.Shorten(size ?? "")}')");
        return new FileMetadata(etag, bytes);
    }

    private async Task<ReadOnlyMemory<byte>> ReadBoundedAsync(HubAnswer answer, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        await using Stream body = await answer.Response.Content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            int read = await transport.ReadAsync(body, buffer, cancellationToken);
            if (read == 0)
                return text.GetBuffer().AsMemory(0, (int)text.Length);
            if (text.Length + read > LongestListing)
            {
                throw new HubRequestException(
                    HubFailure.BadAnswer, $"{answer.Address.Authority} sends a list of files of more than {LongestListing} bytes. Check HF_ENDPOINT.");
            }

            text.Write(buffer, 0, read);
        }
    }

    private RepositoryListing Parse(ReadOnlyMemory<byte> json, ModelReference reference)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Malformed(reference, "the list of files is not a JSON object");
            string commit = Text(root, "sha") ?? "";
            if (!ModelReference.IsCommitHash(commit))
                throw Malformed(reference, $"'sha' is '{ModelReference.Shorten(commit)}' instead of 40 hexadecimal digits");
            if (reference.IsCommit && commit != reference.Revision)
                throw Malformed(reference, $"the hub lists commit '{commit}'");
            if (!root.TryGetProperty("siblings", out JsonElement siblings) || siblings.ValueKind != JsonValueKind.Array)
                throw Malformed(reference, "the list of files has no array 'siblings'");
            if (siblings.GetArrayLength() > MostFiles)
                throw Malformed(reference, $"it lists {siblings.GetArrayLength()} files, more than {MostFiles}");

            // "auto" or "manual" where access must be asked for, otherwise false.
            bool gated = root.TryGetProperty("gated", out JsonElement gate) && gate.ValueKind is JsonValueKind.String or JsonValueKind.True;
            return new RepositoryListing(commit, gated, [.. siblings.EnumerateArray().Select(file => ParseFile(file, reference))]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed(reference, $"the list of files is not valid JSON: {e.Message}", e);
        }
    }

    private ListedFile ParseFile(JsonElement file, ModelReference reference)
    {
        if (file.ValueKind != JsonValueKind.Object || Text(file, "rfilename") is not { } path)
            throw Malformed(reference, "an entry of 'siblings' has no text 'rfilename'");
        if (RepositoryPath.FindFault(path) is { } fault)
        {
            throw new HubRequestException(
                HubFailure.BadAnswer,
                $"{reference} lists a file named '{ModelReference.Shorten(path)}', which is refused: {fault}. Do not trust this repository; tell its hub.");
        }

        bool sized = file.TryGetProperty("size", out JsonElement size) && size.ValueKind == JsonValueKind.Number;
        return new ListedFile(path, sized && size.TryGetInt64(out long bytes) && bytes >= 0 ? bytes : null);
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private HubRequestException Malformed(ModelReference reference, string fault, Exception? cause = null) => new(
        HubFailure.BadAnswer,
        $"The answer for {reference} from {options.Address} is not that of a hub: {fault}. Check HF_ENDPOINT, or try again later.",
        cause);
}
