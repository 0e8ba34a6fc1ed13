using System.Numerics;

namespace PaliSharp.Generation;

/// <summary>
/// The random numbers of one sequence: xoshiro256** (Blackman and Vigna) with its state filled by SplitMix64. The numbers of a seed are
/// part of this library's behaviour and the same on every platform and in every version.
/// </summary>
internal sealed class SequenceRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Starts the numbers of a seed.</summary>
    /// <param name="seed">Any value.</param>
    /// <param name="stream">Numbers of different streams of one seed are independent: one stream per sequence of a batch.</param>
    public SequenceRandom(ulong seed, ulong stream = 0)
    {
        // The stream is scrambled before it meets the seed: seed 1, stream 0 and seed 0, stream 1 must not meet.
        ulong state = seed;
        if (stream != 0)
        {
            ulong scrambled = stream;
            state ^= SplitMix64(ref scrambled);
        }

        (_s0, _s1, _s2, _s3) = (SplitMix64(ref state), SplitMix64(ref state), SplitMix64(ref state), SplitMix64(ref state));
    }

    /// <summary>Starts from a state of xoshiro256**, not all of it 0.</summary>
    public SequenceRandom(ulong s0, ulong s1, ulong s2, ulong s3) => (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number from 0 to below 1 with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Advances a SplitMix64 state and returns its output.</summary>
    public static ulong SplitMix64(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
