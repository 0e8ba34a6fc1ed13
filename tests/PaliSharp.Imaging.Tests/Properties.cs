using FsCheck;
using FsCheck.Fluent;

namespace PaliSharp.Imaging.Tests;

/// <summary>Checks a statement for many random numbers, smaller ones first when it fails.</summary>
internal static class Properties
{
    /// <summary>Checks that a statement holds for all numbers of three ranges.</summary>
    public static void Hold(int tests, (int From, int To) first, (int From, int To) second, (int From, int To) third, Func<int, int, int, bool> holds)
    {
        Arbitrary<(int, int, int)> numbers = (
            from a in Gen.Choose(first.From, first.To)
            from b in Gen.Choose(second.From, second.To)
            from c in Gen.Choose(third.From, third.To)
            select (a, b, c)).ToArbitrary();
        Prop.ForAll(numbers, n => holds(n.Item1, n.Item2, n.Item3)).Check(Config.QuickThrowOnFailure.WithMaxTest(tests));
    }
}
