using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PaliSharp.Batching;

/// <summary>What makes two pictures the same to the model: the SHA-256 of the encoder's input.</summary>
internal readonly record struct PictureKey(UInt128 Low, UInt128 High)
{
    /// <summary>The key of a picture.</summary>
    /// <param name="pixels">Its values after resizing and scaling.</param>
    public static PictureKey Of(ReadOnlySpan<float> pixels)
    {
        Span<UInt128> hash = stackalloc UInt128[2];
        SHA256.HashData(MemoryMarshal.AsBytes(pixels), MemoryMarshal.AsBytes(hash));
        return new PictureKey(hash[0], hash[1]);
    }
}
