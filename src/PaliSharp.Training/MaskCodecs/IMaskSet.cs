using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Training.Data;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>Masks to train a codec on, each cut to its box and scaled to 64×64.</summary>
public interface IMaskSet
{
    /// <summary>How many there are, at least 1.</summary>
    int Count { get; }

    /// <summary>Reads a mask; may be called by several threads at once.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="target">Receives 64 rows of 64 values, 0 outside to 1 inside.</param>
    /// <returns>Whether it can be used: an empty mask and a broken file cannot.</returns>
    bool TryRead(int index, Span<float> target);
}

/// <summary>Opens masks.</summary>
public static class MaskSets
{
    /// <summary>Opens a folder of pictures, one mask each (inside is what is not black), or a COCO file of masks.</summary>
    /// <param name="path">The folder, or the file.</param>
    /// <exception cref="RecipeException">It cannot be read, or holds no mask.</exception>
    public static IMaskSet Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Directory.Exists(path) ? new MaskFolder(path) : new CocoMasks(path);
    }

    private sealed class MaskFolder(string path) : IMaskSet
    {
        private readonly FolderSet _set = new(path, FolderTexts.Folders, isTextNeeded: false);

        public int Count => _set.Count;

        public bool TryRead(int index, Span<float> target)
        {
            try
            {
                DataItem item = _set.Read(index, default);
                var mask = Mask.FromImage(PictureLoading.Load(item.Images[0], item.Origin));
                if (mask.Bounds is not { } box)
                    return false;
                Cut(mask, new BoundingBox(box.X1, box.Y1, box.X2, box.Y2), target);
                return true;
            }
            catch (Exception e) when (e is BadItemException or ResourceLimitException)
            {
                return false;
            }
        }
    }

    private sealed class CocoMasks : IMaskSet
    {
        private readonly CocoObjectSet _set;
        private readonly List<(int Picture, int Thing)> _things = [];

        public CocoMasks(string path)
        {
            // Pictures are not opened: a mask needs its annotation alone.
            _set = new CocoObjectSet(path, new PicturePaths(string.Empty), ObjectOrder.File, hasMasks: true, codec: null);
            for (int picture = 0; picture < _set.Count; picture++)
            {
                for (int thing = 0; thing < _set.AnnotationCount(picture); thing++)
                    _things.Add((picture, thing));
            }
        }

        public int Count => _things.Count;

        public bool TryRead(int index, Span<float> target)
        {
            try
            {
                (int picture, int number) = _things[index];
                if (_set.ReadObject(picture, number) is not { Mask: { } runs } thing)
                    return false;
                Cut(runs.ToMask(), thing.Box, target);
                return true;
            }
            catch (Exception e) when (e is BadItemException or ArgumentException)
            {
                return false; // a box without a pixel
            }
        }
    }

    private static void Cut(Mask mask, BoundingBox box, Span<float> target)
    {
        var shares = new RelativeBox(box.Y1 / mask.Height, box.X1 / mask.Width, box.Y2 / mask.Height, box.X2 / mask.Width);
        byte[] levels = Array.ConvertAll(mask.ToPixels(), inside => inside ? byte.MaxValue : (byte)0);
        SegmentationTarget.Crop(levels, mask.Width, mask.Height, shares).CopyTo(target);
    }
}
