namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>The content of a start-of-scan segment.</summary>
/// <param name="Components">The components of the scan, in its order.</param>
/// <param name="First">The first coefficient of the band.</param>
/// <param name="Last">The last coefficient of the band.</param>
/// <param name="High">The number of low bits that earlier scans left out; 0 for the first scan of a band.</param>
/// <param name="Low">The number of low bits that this scan leaves out.</param>
/// <param name="RestartInterval">The number of MCUs between restart markers, or 0.</param>
internal sealed record JpegScan(JpegComponent[] Components, int First, int Last, int High, int Low, int RestartInterval)
{
    /// <summary>Whether several components alternate.</summary>
    public bool Interleaved => Components.Length > 1;

    /// <summary>Checks what the standard demands of the scans of a progressive frame.</summary>
    /// <exception cref="ImageFormatException">The parameters contradict each other.</exception>
    public void CheckProgression()
    {
        bool valid = First == 0 ? Last == 0 : First <= Last && Last < 64 && Components.Length == 1;
        valid &= High == 0 || Low == High - 1;
        valid &= Low <= 13;
        if (!valid)
        {
            throw new ImageFormatException(
                $"A scan of the progressive JPEG file has invalid parameters (band {First}..{Last}, bits {High}, {Low}).");
        }
    }
}
