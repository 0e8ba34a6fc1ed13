using System.Globalization;
using System.Text;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Turns environment variables into <see cref="HubOptions"/>.</summary>
internal sealed class EnvironmentReader(Func<string, string?> variable)
{
    private const int LongestTokenFile = 64 * 1024;

    public HubOptions Read()
    {
        string home = Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(UserFolder(), ".cache"), "huggingface");
        return new HubOptions
        {
            Endpoint = ReadEndpoint(),
            Token = IsTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? null : ReadToken(home),
            CacheFolder = Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Offline = IsTrue("HF_HUB_OFFLINE") || IsTrue("TRANSFORMERS_OFFLINE"),
            DownloadTimeout = Seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
            MetadataTimeout = Seconds("HF_HUB_ETAG_TIMEOUT"),
        };
    }

    private string? Get(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private bool IsTrue(string name) => Get(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private Uri ReadEndpoint()
    {
        string text = (Get("HF_ENDPOINT") ?? "https://huggingface.co").TrimEnd('/');
        bool usable = Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint)
            && (endpoint.Scheme == Uri.UriSchemeHttps || endpoint.Scheme == Uri.UriSchemeHttp)
            && endpoint.UserInfo.Length == 0 && endpoint.Query.Length == 0 && endpoint.Fragment.Length == 0;
        return usable
            ? endpoint!
            : throw new HubRequestException(
                HubFailure.Configuration,
                $"HF_ENDPOINT is '{ModelReference.Shorten(text)}'. Expected the address of a hub such as https://huggingface.co, without user, "
                + "query or fragment.");
    }

    private string? ReadToken(string home)
    {
        string? token = Get("HF_TOKEN") ?? Get("HUGGING_FACE_HUB_TOKEN");
        string origin = "HF_TOKEN";
        if (token is null)
        {
            origin = Folder("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
            token = ReadTokenFile(origin);
        }

        if (token is null)
            return null;
        // Anything else could not be sent in a header, and would most likely be a wrong file.
        return HubOptions.IsSendable(token)
            ? token
            : throw new HubRequestException(
                HubFailure.Configuration,
                $"The access token from {origin} holds blanks or characters outside ASCII. Expected one word such as hf_…; set it again.");
    }

    private static string? ReadTokenFile(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return null;
            if (file.Length > LongestTokenFile)
            {
                throw new HubRequestException(
                    HubFailure.Configuration, $"The token file {path} has {file.Length} bytes. Expected one access token; point HF_TOKEN_PATH to the right file.");
            }

            return File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubRequestException(
                HubFailure.Configuration, $"The token file {path} cannot be read: {e.Message} Make it readable, or set HF_TOKEN.", e);
        }
    }

    private TimeSpan Seconds(string name)
    {
        if (Get(name) is not { } text)
            return TimeSpan.FromSeconds(10);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds > 24 * 3600)
        {
            throw new HubRequestException(
                HubFailure.Configuration, $"{name} is '{ModelReference.Shorten(text)}'. Expected whole seconds between 1 and {24 * 3600}.");
        }

        // The Python client, too, takes zero for "the default".
        return TimeSpan.FromSeconds(seconds == 0 ? 10 : seconds);
    }

    private string? Folder(string name) => Get(name) is { } value ? Path.GetFullPath(ExpandUser(ExpandVariables(value))) : null;

    private string UserFolder()
        => Get(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private string ExpandUser(string path)
        => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) || (OperatingSystem.IsWindows() && path.StartsWith("~\\", StringComparison.Ordinal))
            ? UserFolder() + path[1..]
            : path;

    /// <summary>Expands $NAME and ${NAME}, and on Windows %NAME%; unknown names stay as they are.</summary>
    private string ExpandVariables(string text)
    {
        var result = new StringBuilder(text.Length);
        int i = 0;
        while (i < text.Length)
        {
            (int length, string? name) = text[i] switch
            {
                '$' => DollarName(text, i),
                '%' when OperatingSystem.IsWindows() => Between(text, i + 1, '%', opening: 1),
                _ => (0, null),
            };
            if (name is not null && variable(name) is { } value)
            {
                result.Append(value);
                i += length;
            }
            else
            {
                result.Append(text[i++]);
            }
        }

        return result.ToString();
    }

    private static (int Length, string? Name) DollarName(string text, int dollar)
    {
        if (dollar + 1 < text.Length && text[dollar + 1] == '{')
            return Between(text, dollar + 2, '}', opening: 2);
        int end = dollar + 1;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
            end++;
        return end == dollar + 1 ? (0, null) : (end - dollar, text[(dollar + 1)..end]);
    }

    private static (int Length, string? Name) Between(string text, int start, char closing, int opening)
    {
        int end = text.IndexOf(closing, start);
        return end <= start ? (0, null) : (opening + end - start + 1, text[start..end]);
    }
}
