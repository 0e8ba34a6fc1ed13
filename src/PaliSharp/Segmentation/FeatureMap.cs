using System.Numerics;
using System.Runtime.InteropServices;

namespace PaliSharp.Segmentation;

/// <summary>A square picture of many channels, as the layers of the mask codec pass it on. The channels of a pixel lie together.</summary>
/// <param name="Side">The rows, and the columns.</param>
/// <param name="Channels">The numbers of a pixel.</param>
/// <param name="Values">[side, side, channels].</param>
internal readonly record struct FeatureMap(int Side, int Channels, float[] Values)
{
    /// <summary>The channels of one pixel.</summary>
    public Span<float> Pixel(int y, int x) => Values.AsSpan(((y * Side) + x) * Channels, Channels);

    /// <summary>A map whose pixels all hold the same channels.</summary>
    public static FeatureMap Filled(int side, ReadOnlySpan<float> channels)
    {
        var map = new FeatureMap(side, channels.Length, new float[side * side * channels.Length]);
        for (int at = 0; at < map.Values.Length; at += channels.Length)
            channels.CopyTo(map.Values.AsSpan(at));
        return map;
    }

    /// <summary>A copy without negative numbers.</summary>
    public FeatureMap Rectified() => this with { Values = Array.ConvertAll(Values, value => Math.Max(value, 0)) };

    /// <summary>The sum with another map of the same shape.</summary>
    public FeatureMap Plus(FeatureMap other)
    {
        float[] sum = [.. Values];
        AddScaled(sum, other.Values, 1);
        return this with { Values = sum };
    }

    /// <summary>target += factor·source.</summary>
    public static void AddScaled(Span<float> target, ReadOnlySpan<float> source, float factor)
    {
        Span<Vector<float>> targets = MemoryMarshal.Cast<float, Vector<float>>(target);
        ReadOnlySpan<Vector<float>> sources = MemoryMarshal.Cast<float, Vector<float>>(source[..target.Length]);
        var factors = new Vector<float>(factor);
        for (int i = 0; i < targets.Length; i++)
            targets[i] += factors * sources[i];
        for (int i = targets.Length * Vector<float>.Count; i < target.Length; i++)
            target[i] += factor * source[i];
    }
}
