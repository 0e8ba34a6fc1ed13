namespace PaliSharp.Imaging;

/// <summary>One picture of a sequence.</summary>
/// <param name="Image">The whole picture as it is shown, earlier frames included.</param>
/// <param name="Duration">How long it is shown; zero when the file says nothing.</param>
public sealed record ImageFrame(Image Image, TimeSpan Duration);
