using PaliSharp.Imaging;
using PaliSharp.TestSupport;

namespace PaliSharp.Server.Tests.Support;

/// <summary>Pictures of the repository, in the forms requests need.</summary>
internal static class Sample
{
    public static string PathOf(string sample) => Path.Combine(GoldenData.RepositoryRoot, "samples", sample);

    public static byte[] Bytes(string sample) => File.ReadAllBytes(PathOf(sample));

    public static Image Image(string sample) => Imaging.Image.Load(PathOf(sample));

    public static string DataUrl(string sample) => $"data:image/png;base64,{Convert.ToBase64String(Bytes(sample))}";

    /// <summary>A message of the user with a prompt and pictures.</summary>
    public static object Message(string prompt, params string[] samples) => new
    {
        role = "user",
        content = (object[])[.. samples.Select(sample => new { type = "image_url", image_url = new { url = DataUrl(sample) } }), new { type = "text", text = prompt }],
    };
}
