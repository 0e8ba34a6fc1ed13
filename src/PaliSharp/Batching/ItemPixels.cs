using PaliSharp.Imaging;

namespace PaliSharp.Batching;

/// <summary>
/// The resized pictures of one item that waits. They are prepared on a thread of the pool while it waits, or, if its turn comes first, on the
/// thread that takes them: whoever comes first does it, and the order of things in the batch does not depend on who it was.
/// </summary>
/// <param name="preparation">Resizes pictures.</param>
internal sealed class ItemPixels(PicturePreparation preparation)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Image, PreparedPixels> _prepared = new(ReferenceEqualityComparer.Instance);
    private bool _closed;

    /// <summary>Prepares some pictures ahead, unless they have been taken or dropped meanwhile.</summary>
    /// <param name="images">The pictures, each once.</param>
    public void Prepare(IReadOnlyList<Image> images)
    {
        lock (_gate)
        {
            for (int i = 0; i < images.Count && !_closed; i++)
                _prepared.TryAdd(images[i], preparation.Prepare(images[i]));
        }
    }

    /// <summary>Takes one picture out, preparing it now if it is not there; its tensor is the caller's.</summary>
    /// <param name="image">The picture.</param>
    public PreparedPixels Take(Image image)
    {
        lock (_gate)
            return _prepared.Remove(image, out PreparedPixels prepared) ? prepared : preparation.Prepare(image);
    }

    /// <summary>Frees what has not been taken; nothing is prepared ahead any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (PreparedPixels prepared in _prepared.Values)
                prepared.Pixels.Dispose();
            _prepared.Clear();
        }
    }
}
