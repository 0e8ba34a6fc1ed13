using PaliSharp.Imaging;

namespace PaliSharp.Batching;

/// <summary>
/// A picture whose encoding is kept for as long as this handle lives: any number of requests about it neither resize nor encode it again. Use
/// it wherever a picture is asked for. Disposing it leaves the encoding to the picture cache.
/// </summary>
/// <remarks>Made by <see cref="PaliGemma.PrepareAsync"/>; of use with the model that made it only.</remarks>
public sealed class PreparedPicture : IDisposable
{
    private IDisposable? _hold;

    internal PreparedPicture(Image image, IDisposable hold)
    {
        Image = image;
        _hold = hold;
    }

    /// <summary>The picture.</summary>
    public Image Image { get; }

    /// <summary>The picture, to be given to any task.</summary>
    /// <param name="prepared">The handle.</param>
    public static implicit operator Image(PreparedPicture prepared)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        return prepared.Image;
    }

    /// <summary>The picture, to be given to any task.</summary>
    public Image ToImage() => Image;

    /// <summary>Lets the encoding go. Requests already made are not affected; a second call does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _hold, null)?.Dispose();
}
