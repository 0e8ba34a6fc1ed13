using System.Runtime.InteropServices;

namespace PaliSharp.Tensors;

/// <summary>
/// Large pages for large buffers. A product passes over megabytes of panels and sums at once; in pages of 4 KiB that is more addresses
/// than a core keeps translations of, and a virtual machine pays double for each one it looks up.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>The usual size of a large page on x64 and Arm64.</summary>
    private const nuint PageBytes = 2 << 20;

    private const int AdviseHugePage = 14;

    /// <summary>The alignment for a buffer of so many bytes, a power of two.</summary>
    /// <param name="bytes">The size.</param>
    /// <param name="least">The alignment needed anyway, a power of two.</param>
    public static nuint Alignment(nuint bytes, nuint least) => IsWorthIt(bytes) ? Math.Max(PageBytes, least) : least;

    /// <summary>Asks the system for large pages. It may decline; the memory is usable all the same.</summary>
    /// <param name="memory">Untouched memory, aligned by <see cref="Alignment"/>.</param>
    /// <param name="bytes">Its size.</param>
    public static void Advise(void* memory, nuint bytes)
    {
        // Only whole pages: what follows the buffer is not ours to change.
        if (IsWorthIt(bytes))
            _ = Advise(memory, bytes / PageBytes * PageBytes, AdviseHugePage);
    }

    private static bool IsWorthIt(nuint bytes) => OperatingSystem.IsLinux() && bytes >= PageBytes;

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
