using System.Runtime.Intrinsics;
using PaliSharp.IsaProbe;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;

// With "pictures FOLDER EVERY": prints what becomes of the folder's pictures, for comparison with the lines of another process.
if (args is ["pictures", string folder, string every])
{
    PictureDigest.Print(folder, int.Parse(every, System.Globalization.CultureInfo.InvariantCulture));
    return 0;
}

// Prints what the runtime offers and which path the backend chose, then compares every operation with the reference.
// Exit code 0: all agree. 1: some differ, listed on standard error.
using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
Console.WriteLine($"vector512 {Vector512.IsHardwareAccelerated}");
Console.WriteLine($"vector256 {Vector256.IsHardwareAccelerated}");
Console.WriteLine($"vector128 {Vector128.IsHardwareAccelerated}");
Console.WriteLine($"path {backend.Path}");

int failures = 0;
foreach (OperationCase operation in OperationCases.Quick)
{
    double error = operation.Error(backend);
    if (error <= operation.Tolerance)
        continue;
    failures++;
    Console.Error.WriteLine($"{operation.Name}: {error:E2} > {operation.Tolerance:E0}");
}

return failures == 0 ? 0 : 1;
