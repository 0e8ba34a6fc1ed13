using FsCheck;
using FsCheck.Fluent;

namespace PaliSharp.Tests.Hub;

/// <summary>Runs properties with a fixed seed, so that a failure repeats.</summary>
internal static class Properties
{
    public static void ForAll<T>(Func<T, bool> holds, int count = 500)
        => Prop.ForAll(holds).Check(Config.QuickThrowOnFailure.WithReplay(17, 4711).WithMaxTest(count));

    public static void ForAll<T>(Gen<T> values, Func<T, bool> holds, int count = 500)
        => Prop.ForAll(values.ToArbitrary(), holds).Check(Config.QuickThrowOnFailure.WithReplay(17, 4711).WithMaxTest(count));
}
