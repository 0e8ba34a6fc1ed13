using PaliSharp.Imaging;

namespace PaliSharp.Batching;

/// <summary>A picture to be encoded and kept.</summary>
/// <param name="image">The picture.</param>
/// <param name="clock">Tells the time.</param>
/// <param name="counters">Counts outcomes.</param>
internal sealed class PictureItem(Image image, TimeProvider clock, BatchCounters counters)
    : BatchItem<PreparedPicture>([image], 1, 0, clock, counters)
{
    /// <summary>Ends the item: the encoding is there.</summary>
    public void Complete(PictureStore store)
    {
        IDisposable hold = store.Hold(Pictures[0]!);
        Succeed(new PreparedPicture(image, hold));

        // A caller that gave up meanwhile never sees the handle.
        if (!Outcome.IsCompletedSuccessfully)
            hold.Dispose();
    }
}
