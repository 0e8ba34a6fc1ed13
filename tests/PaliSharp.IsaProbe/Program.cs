using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;

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
