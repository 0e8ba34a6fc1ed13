using System.Numerics;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Segmentation;

/// <summary>Which pixels of a picture belong to an object. Immutable; one bit a pixel.</summary>
public sealed class Mask
{
    /// <summary>The most pixels a mask may have, 16,384².</summary>
    public const int MaximumPixels = 1 << 28;

    private const int WordBits = 64;
    private readonly ulong[] _words;

    private Mask(int width, int height, ulong[] words)
    {
        Width = width;
        Height = height;
        _words = words;
    }

    /// <summary>The columns.</summary>
    public int Width { get; }

    /// <summary>The rows.</summary>
    public int Height { get; }

    /// <summary>The number of pixels inside.</summary>
    public int Area => _words.Sum(word => BitOperations.PopCount(word));

    /// <summary>The smallest box around everything inside; null if nothing is.</summary>
    public PixelBox? Bounds => FindBounds();

    /// <summary>Whether a pixel is inside.</summary>
    /// <param name="x">The column, from 0.</param>
    /// <param name="y">The row, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pixel.</exception>
    public bool this[int x, int y]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)Width, nameof(x));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
            return Bit((y * Width) + x);
        }
    }

    /// <summary>Makes a mask of pixels.</summary>
    /// <param name="width">The columns, at least 1.</param>
    /// <param name="height">The rows, at least 1.</param>
    /// <param name="pixels">True inside, row after row.</param>
    /// <exception cref="ArgumentException">The size is not positive or does not fit the pixels.</exception>
    /// <exception cref="ResourceLimitException">There are more than <see cref="MaximumPixels"/>.</exception>
    public static Mask FromPixels(int width, int height, ReadOnlySpan<bool> pixels)
    {
        var builder = new Builder(width, height);
        if (pixels.Length != width * height)
            throw new ArgumentException($"{pixels.Length} pixels were given for a mask of {width}x{height}.", nameof(pixels));
        for (int i = 0; i < pixels.Length; i++)
        {
            if (pixels[i])
                builder.Set(i);
        }

        return builder.Build();
    }

    /// <summary>Reads a mask from a picture: inside is what is not black.</summary>
    /// <param name="image">The picture, such as one that <see cref="SavePng(string)"/> wrote.</param>
    /// <param name="threshold">Inside is where the brightest colour is above this, 0 to 254.</param>
    /// <exception cref="ResourceLimitException">There are more than <see cref="MaximumPixels"/>.</exception>
    public static Mask FromImage(Image image, byte threshold = 127)
    {
        ArgumentNullException.ThrowIfNull(image);
        var builder = new Builder(image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Row(y);
            for (int x = 0; x < image.Width; x++)
            {
                ReadOnlySpan<byte> pixel = row.Slice(x * image.Channels, 3);
                if (Math.Max(pixel[0], Math.Max(pixel[1], pixel[2])) > threshold)
                    builder.Set((y * image.Width) + x);
            }
        }

        return builder.Build();
    }

    /// <summary>The pixels, row after row, true inside.</summary>
    public bool[] ToPixels()
    {
        var pixels = new bool[Width * Height];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = Bit(i);
        return pixels;
    }

    /// <summary>The shared area of two masks divided by the area they cover together, 0 to 1; 0 if both are empty.</summary>
    /// <param name="other">A mask of the same size.</param>
    /// <exception cref="ArgumentException">The other mask has another size.</exception>
    public double IntersectionOverUnion(Mask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Width != Width || other.Height != Height)
            throw new ArgumentException($"A mask of {Width}x{Height} cannot be compared with one of {other.Width}x{other.Height}.", nameof(other));
        long both = 0;
        long any = 0;
        for (int i = 0; i < _words.Length; i++)
        {
            both += BitOperations.PopCount(_words[i] & other._words[i]);
            any += BitOperations.PopCount(_words[i] | other._words[i]);
        }

        return any == 0 ? 0 : (double)both / any;
    }

    /// <summary>A picture of the mask: white inside, black outside.</summary>
    public Image ToImage()
    {
        byte[] rgb = new byte[checked(Width * Height * 3)];
        for (int i = 0; i < Width * Height; i++)
        {
            if (Bit(i))
                rgb.AsSpan(3 * i, 3).Fill(byte.MaxValue);
        }

        return Image.FromPixels(Width, Height, rgb);
    }

    /// <summary>Writes the mask as a grey PNG file: white inside, black outside.</summary>
    /// <param name="path">The file to create or replace. Its folder must exist.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path) => ToImage().SavePng(path);

    /// <summary>Whether a pixel is inside; anything beyond the mask is not.</summary>
    internal bool IsInside(int x, int y) => (uint)x < (uint)Width && (uint)y < (uint)Height && Bit((y * Width) + x);

    private bool Bit(int index) => ((_words[index / WordBits] >> (index % WordBits)) & 1) != 0;

    private PixelBox? FindBounds()
    {
        int left = Width;
        int right = 0;
        int top = Height;
        int bottom = 0;
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                if (!Bit((y * Width) + x))
                    continue;
                left = Math.Min(left, x);
                right = Math.Max(right, x + 1);
                top = Math.Min(top, y);
                bottom = y + 1;
            }
        }

        return right == 0 ? null : new PixelBox(left, top, right, bottom);
    }

    /// <summary>Collects the pixels of a mask.</summary>
    internal readonly struct Builder
    {
        private readonly int _width;
        private readonly int _height;
        private readonly ulong[] _words;

        /// <summary>Starts with nothing inside.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
        /// <exception cref="ResourceLimitException">There are more than <see cref="MaximumPixels"/>.</exception>
        public Builder(int width, int height)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
            long pixels = (long)width * height;
            if (pixels > MaximumPixels)
                throw new ResourceLimitException($"A mask of {width}x{height} pixels was asked for; at most {MaximumPixels} pixels are allowed. Scale the picture down.");
            _width = width;
            _height = height;
            _words = new ulong[((int)pixels + WordBits - 1) / WordBits];
        }

        /// <summary>Puts a pixel inside.</summary>
        /// <param name="index">y·width + x.</param>
        public void Set(int index) => _words[index / WordBits] |= 1UL << (index % WordBits);

        /// <summary>The mask; the builder must not be used any more.</summary>
        public Mask Build() => new(_width, _height, _words);
    }
}
