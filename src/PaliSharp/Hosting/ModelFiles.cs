using System.Security.Cryptography;
using System.Text;
using PaliSharp.Checkpoints.Hub;

namespace PaliSharp.Hosting;

/// <summary>Tells whether the files of a model have changed, by name, size and time.</summary>
internal static class ModelFiles
{
    /// <summary>A value that changes when a file of the checkpoint or of its adapter does.</summary>
    /// <exception cref="HubException">A name is not in the local cache.</exception>
    public static string Fingerprint(HostedModel model)
    {
        var text = new StringBuilder();
        string? checkpoint = model.Path is null ? BundledModel.Find() : HubModelResolver.Resolve(model.Path);
        string? adapter = model.Options.Adapter is { } name ? HubModelResolver.Resolve(name) : null;
        foreach (string? place in (string?[])[checkpoint, adapter, model.Options.MaskCodec])
        {
            text.Append(place).Append('\n');
            if (place is null)
                continue;
            IEnumerable<FileInfo> files = Directory.Exists(place) ? new DirectoryInfo(place).EnumerateFiles() : [new FileInfo(place)];
            foreach (FileInfo file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                // A cache of pulled models holds links; what counts is what they lead to.
                var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
                text.Append(file.Name).Append('|').Append(target.FullName).Append('|');
                if (target.Exists)
                    text.Append(target.Length).Append('|').Append(target.LastWriteTimeUtc.Ticks);
                text.Append('\n');
            }
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
