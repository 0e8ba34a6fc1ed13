using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>Properties about damaged files: whatever is done to the bytes, a parser accepts the file or throws one of our exceptions.</summary>
internal static class Mutations
{
    /// <summary>Some bytes exchanged, inserted or removed, and perhaps the end cut off.</summary>
    public static Gen<byte[]> Of(byte[] valid, int reach = int.MaxValue)
    {
        int end = Math.Min(valid.Length, reach) - 1;
        Gen<byte> values = Gen.OneOf(Gen.Choose(0, 255).Select(value => (byte)value), Gen.Elements((byte)0, (byte)255, (byte)'9', (byte)'"', (byte)'-', (byte)'['));
        Gen<(int Position, byte Value, int Kind)> edit =
            from position in Gen.Choose(0, end)
            from value in values
            from kind in Gen.Frequency((8, Gen.Constant(0)), (1, Gen.Constant(1)), (1, Gen.Constant(2)))
            select (position, value, kind);
        return
            from count in Gen.Choose(0, 6)
            from edits in Gen.ArrayOf(edit, count)
            from cut in Gen.Frequency((4, Gen.Constant(valid.Length)), (1, Gen.Choose(0, valid.Length)))
            select Apply(valid, edits, cut);
    }

    public static void Check(Gen<byte[]> inputs, string extension, Action<string> open, int tests = 300)
    {
        using var folder = new TemporaryFolder();
        int number = 0;
        Run(inputs, bytes => Survives(() => open(folder.Write($"{number++ % 16}{extension}", bytes))), tests);
    }

    public static void Run<T>(Gen<T> inputs, Action<T> check, int tests) =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(tests).WithReplay(20260101, 17),
            Prop.ForAll(inputs.ToArbitrary(), check));

    public static void Survives(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            action();
        }
        catch (PaliSharpException e)
        {
            Assert.False(string.IsNullOrWhiteSpace(e.Message));
            Assert.True(e.Message.Length < 20_000, "The message is not bounded.");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 64 << 20, $"{allocated} bytes were allocated for a small file.");
    }

    private static byte[] Apply(byte[] valid, (int Position, byte Value, int Kind)[] edits, int cut)
    {
        List<byte> bytes = [.. valid.AsSpan(0, cut)];
        foreach ((int position, byte value, int kind) in edits)
        {
            if (position >= bytes.Count)
                continue;
            if (kind == 0)
                bytes[position] = value;
            else if (kind == 1)
                bytes.Insert(position, value);
            else
                bytes.RemoveAt(position);
        }

        return [.. bytes];
    }
}
