using System.Buffers.Text;

namespace PaliSharp.Tokenization;

/// <summary>The names of byte pieces: <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>.</summary>
internal static class BytePiece
{
    /// <summary>The name of a byte, in capitals as both formats write it.</summary>
    public static byte[] Name(byte value) => System.Text.Encoding.ASCII.GetBytes($"<0x{value:X2}>");

    /// <summary>Reads a name, with digits of either case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> piece, out byte value)
    {
        value = 0;
        return piece.Length == 6 && piece.StartsWith("<0x"u8) && piece[5] == (byte)'>'
            && Utf8Parser.TryParse(piece[3..5], out value, out int consumed, 'X') && consumed == 2;
    }
}
