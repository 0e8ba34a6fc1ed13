namespace PaliSharp.Generation;

/// <summary>The working memory that the processors of one sampler share, kept from token to token.</summary>
internal sealed class SamplingScratch
{
    private float[] _logits = [];
    private float[] _weights = [];
    private float[] _masked = [];
    private float[] _keys = [];

    /// <summary>Selection without sorting.</summary>
    public RadixSelector Selector { get; } = new();

    /// <summary>Room for a copy of the logits.</summary>
    public Span<float> Logits(int count) => Rent(ref _logits, count);

    /// <summary>Room for logits of which some are removed before they are scored.</summary>
    public Span<float> Masked(int count) => Rent(ref _masked, count);

    /// <summary>Room for unnormalised probabilities.</summary>
    public Span<float> Weights(int count) => Rent(ref _weights, count);

    /// <summary>Room for what a processor ranks tokens by.</summary>
    public Span<float> Keys(int count) => Rent(ref _keys, count);

    private static Span<float> Rent(ref float[] memory, int count)
    {
        if (memory.Length < count)
            memory = new float[count];
        return memory.AsSpan(0, count);
    }
}
