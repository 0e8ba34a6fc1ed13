namespace PaliSharp.Imaging.Codecs;

/// <summary>A decoder whose files may hold a sequence of pictures.</summary>
internal interface IAnimationDecoder : IImageDecoder
{
    /// <summary>Decodes the pictures one after the other, each when it is asked for.</summary>
    IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions options);
}
