using System.Diagnostics;
using PaliSharp.Imaging;

namespace PaliSharp.Fuzz;

/// <summary>What decoding a file led to.</summary>
/// <param name="Signature">Tells outcomes apart that are probably from different code: the kind of the message, or the kind of the picture.</param>
/// <param name="IsPicture">Whether there was a picture.</param>
/// <param name="Problem">Why the outcome is a finding; null when it is not.</param>
internal sealed record Execution(string Signature, bool IsPicture, string? Problem)
{
    /// <summary>Handles a file and judges the outcome.</summary>
    public static Execution Of(byte[] file, FuzzTarget target, FuzzOptions options)
    {
        Execution result = Once(file, target, options, out TimeSpan time);

        // On a busy machine a short decode may take long once, hardly three times.
        for (int i = 0; i < 2 && time > options.MaxTime; i++)
            result = Once(file, target, options, out time);
        return time > options.MaxTime && result.Problem is null ? result with { Problem = $"took {time.TotalSeconds:F1} s" } : result;
    }

    private static Execution Once(byte[] file, FuzzTarget target, FuzzOptions options, out TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Execution result;
        long output = 0;
        try
        {
            (string outcome, output) = target.Run(file, options);
            result = new Execution(outcome, IsPicture: true, Problem: null);
        }
        catch (PaliSharpException exception)
        {
            result = new Execution(Generalize(exception), IsPicture: false, Problem: null);
        }
        catch (Exception exception)
        {
            // Whatever it is, a decoder must not throw it.
            result = new Execution(Generalize(exception), IsPicture: false, $"{exception.GetType().Name}: {exception.Message}\n{exception.StackTrace}");
        }

        // Turning upright needs a second picture.
        long scratch = GC.GetAllocatedBytesForCurrentThread() - before - (2 * output);
        time = Stopwatch.GetElapsedTime(start);
        if (result.Problem is null && scratch > options.MaxScratch)
            result = result with { Problem = $"allocated {scratch >> 20} MiB beyond its picture" };
        return result.Problem is null && target.IsDecoder ? Identified(file, options.Limits, result) : result;
    }

    private static Execution Identified(byte[] file, ImageDecoderOptions limits, Execution decoded)
    {
        try
        {
            ImageInfo info = Image.Identify(file, limits);
            return info.Width < 1 || info.Height < 1 ? decoded with { Problem = $"identified as {info}" } : decoded;
        }
        catch (PaliSharpException exception)
        {
            return decoded.IsPicture ? decoded with { Problem = $"decodes, but cannot be identified: {exception.Message}" } : decoded;
        }
        catch (Exception exception)
        {
            return decoded with { Problem = $"Identify: {exception.GetType().Name}: {exception.Message}\n{exception.StackTrace}" };
        }
    }

    /// <summary>The plain words of a message: what differs from file to file has digits, capitals or signs.</summary>
    private static string Generalize(Exception exception)
    {
        IEnumerable<string> words = exception.Message.Split(' ').Select(word => word.TrimEnd('.', ',', ':', ';'));
        return $"{exception.GetType().Name} {string.Join(' ', words.Where(word => word.All(char.IsAsciiLetterLower)))}";
    }
}
