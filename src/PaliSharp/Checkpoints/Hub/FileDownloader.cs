using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Downloads one file into a blob: resumes, checks size and hash, and renames only what is right.</summary>
internal sealed class FileDownloader(HubTransport transport, HubOptions options)
{
    // A connection that brought this much was good; what follows is a new failure, not a further one.
    private const long RealProgress = 1 << 20;
    private const int BufferSize = 1 << 18;

    /// <summary>Downloads a file to <paramref name="blob"/>, by way of <c>blob.incomplete</c>, which is kept when interrupted.</summary>
    /// <exception cref="HubException">The file cannot be had, or is not what was announced.</exception>
    public async Task DownloadAsync(PullItem item, string blob, ProgressMeter progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        string incomplete = blob + ".incomplete";
        try
        {
            await ReceiveAllAsync(item, incomplete, progress, cancellationToken);
            progress.Enter(PullPhase.Verifying, item.File.Path);
            await VerifyAsync(item, incomplete, cancellationToken);
        }
        catch (Exception e)
        {
            // Only a beginning that may be right is worth keeping.
            if (e is HubRequestException { Failure: HubFailure.Corrupt } || HubCache.SizeOf(incomplete) == 0)
                File.Delete(incomplete);
            throw;
        }

        File.Move(incomplete, blob, overwrite: true);
    }

    private async Task ReceiveAllAsync(PullItem item, string incomplete, ProgressMeter progress, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(
            incomplete, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1, useAsync: true);
        if (file.Length > item.Size)
            file.SetLength(0);
        progress.Skip(file.Length);
        progress.Enter(PullPhase.Downloading, item.File.Path);
        var retry = new RetryPolicy(options);
        long best = file.Length;
        while (file.Length < item.Size)
        {
            await retry.RunAsync(
                async () =>
                {
                    try
                    {
                        await ReceiveAsync(item, file, progress, cancellationToken);
                        return true;
                    }
                    finally
                    {
                        // Measured against the furthest point ever reached, so that a server that always starts again does not go on for ever.
                        if (file.Length >= best + RealProgress)
                        {
                            best = file.Length;
                            retry.Reset();
                        }
                    }
                },
                cancellationToken);
        }

        file.Flush(flushToDisk: true);
    }

    /// <summary>Asks for the rest of the file and stores what comes.</summary>
    private async Task ReceiveAsync(PullItem item, FileStream file, ProgressMeter progress, CancellationToken cancellationToken)
    {
        long start = file.Length;
        using HubAnswer answer = await transport.SendAsync(HttpMethod.Get, item.Address, start, null, cancellationToken);
        switch (answer.Response.StatusCode)
        {
            case HttpStatusCode.PartialContent when start > 0 && Continues(answer, start, item.Size):
                break;
            case HttpStatusCode.OK:
                // The whole file: no range was asked for, or the server does not serve ranges.
                CheckAnnouncedSize(item, answer);
                Truncate(file, progress);
                break;
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                Truncate(file, progress);
                throw new TransientHubException(
                    HubFailure.BadAnswer, $"{answer.Address.Authority} sends another range of '{item.File.Path}' than asked for.");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound when !answer.FromHub:
                // Storage hosts sign addresses for a limited time; the hub gives a fresh one.
                throw new TransientHubException(
                    HubFailure.Network, $"{answer.Address.Authority} refuses '{item.File.Path}' with HTTP {(int)answer.Response.StatusCode}.");
            default:
                throw HubErrors.Explain(answer, item.Reference, options, item.File.Path, item.Gated);
        }

        file.Position = file.Length;
        byte[] buffer = new byte[BufferSize];
        await using Stream body = await answer.Response.Content.ReadAsStreamAsync(cancellationToken);
        int read;
        while ((read = await transport.ReadAsync(body, buffer, cancellationToken)) > 0)
        {
            if (file.Length + read > item.Size)
                throw Corrupt(item, $"more than the {item.Size} announced bytes arrived");
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            progress.Advance(read);
        }

        if (file.Length < item.Size)
        {
            throw new TransientHubException(
                HubFailure.Network, $"The connection ended after {file.Length} of {item.Size} bytes of '{item.File.Path}'; what came is kept.");
        }
    }

    private static bool Continues(HubAnswer answer, long start, long size)
    {
        ContentRangeHeaderValue? range = answer.Response.Content.Headers.ContentRange;
        return range is { Unit: "bytes" } && range.From == start && (range.Length is null || range.Length == size) && range.To < size;
    }

    private static void CheckAnnouncedSize(PullItem item, HubAnswer answer)
    {
        if (answer.Response.Content.Headers.ContentLength is { } length && length != item.Size)
            throw Corrupt(item, string.Create(CultureInfo.InvariantCulture, $"{answer.Address.Authority} has {length} bytes, the hub announced {item.Size}"));
    }

    private static void Truncate(FileStream file, ProgressMeter progress)
    {
        progress.Skip(-file.Length);
        file.SetLength(0);
    }

    private static async Task VerifyAsync(PullItem item, string incomplete, CancellationToken cancellationToken)
    {
        string? found = await ContentHash.ComputeAsync(incomplete, item.ETag, cancellationToken);
        if (found is not null && found != item.ETag)
            throw Corrupt(item, $"its hash is {found} instead of {item.ETag}");
    }

    private static HubRequestException Corrupt(PullItem item, string fault) => new(
        HubFailure.Corrupt,
        $"'{item.File.Path}' of {item.Reference} did not arrive as announced: {fault}. What came was deleted; pull again. If it happens again, a proxy or "
        + "mirror on the way changes files: check HF_ENDPOINT and the proxy settings.");
}
