namespace PaliSharp.Training.Optimisers;

/// <summary>Rounding to bfloat16: to nearest, ties to even; a NaN stays one.</summary>
internal static class BFloat16Rounding
{
    /// <summary>The upper half of the nearest bfloat16.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
