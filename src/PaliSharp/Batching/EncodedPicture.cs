using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>A picture on its way through the encoder and what came out. Shared by all requests about it; kept by the <see cref="PictureStore"/>.</summary>
/// <param name="key">What identifies it.</param>
/// <param name="pixels">[1, channels, size, size], the encoder's input.</param>
internal sealed class EncodedPicture(PictureKey key, Tensor pixels)
{
    private Tensor? _rows;

    public PictureKey Key => key;

    /// <summary>The encoder's input, until it has been taken.</summary>
    public Tensor? Pixels { get; private set; } = pixels;

    /// <summary>[imageTokens, width]: the projector's output.</summary>
    public Tensor Rows => _rows ?? throw new InvalidOperationException("The picture is not encoded yet.");

    /// <summary>Whether the encoding is there.</summary>
    public bool IsReady => _rows is not null;

    /// <summary>Why it could not be encoded.</summary>
    public Exception? Failure { get; set; }

    /// <summary>How many items and handles need it.</summary>
    public int Users { get; set; }

    /// <summary>The bytes of the encoding.</summary>
    public long Bytes => IsReady ? Rows.Shape.Count * sizeof(float) : 0;

    /// <summary>Stores the encoding; owned from here on.</summary>
    public void Complete(Tensor rows)
    {
        DropPixels();
        _rows = rows;
    }

    /// <summary>Frees the encoder's input.</summary>
    public void DropPixels()
    {
        Pixels?.Dispose();
        Pixels = null;
    }

    /// <summary>Frees everything.</summary>
    public void Release()
    {
        DropPixels();
        _rows?.Dispose();
        _rows = null;
    }
}
