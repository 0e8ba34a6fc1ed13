namespace PaliSharp.Imaging.Codecs;

/// <summary>A decoder of one format. Each throws only exceptions of the PaliSharp family for whatever bytes it is given.</summary>
internal interface IImageDecoder
{
    /// <summary>Whether the beginning of a file is of this format.</summary>
    bool Matches(ReadOnlySpan<byte> data);

    /// <summary>Reads size and orientation.</summary>
    ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options);

    /// <summary>Decodes the (first) picture as stored, without applying the orientation unless the format demands it.</summary>
    Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options);
}
