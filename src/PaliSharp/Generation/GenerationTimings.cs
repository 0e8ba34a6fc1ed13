namespace PaliSharp.Generation;

/// <summary>Where the time of an answer went, by the clock: what other requests did meanwhile in the same batch counts too.</summary>
/// <param name="Queue">From the call until the request had its place in the batch.</param>
/// <param name="Picture">Until its pictures were resized and encoded; next to nothing without pictures or when they were known.</param>
/// <param name="Prefill">Until the first token was chosen.</param>
/// <param name="Decode">Until the last one was.</param>
public readonly record struct GenerationTimings(TimeSpan Queue, TimeSpan Picture, TimeSpan Prefill, TimeSpan Decode)
{
    /// <summary>From the call to the answer.</summary>
    public TimeSpan Total => Queue + Picture + Prefill + Decode;

    /// <summary>From the call to the first token.</summary>
    public TimeSpan FirstToken => Queue + Picture + Prefill;
}
