using FsCheck;
using FsCheck.Fluent;

namespace PaliSharp.Tests.Generation;

/// <summary>Runs property-based tests with a fixed seed and makes the cases that several of them use.</summary>
internal static class PropertyChecks
{
    private static readonly Config Repeatable = Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(20_251_122UL, 77UL);

    /// <summary>
    /// Logits of 1 to 60 tokens: some continuous, some with many ties, some with removed tokens; at least one is not removed.
    /// </summary>
    public static Gen<float[]> Logits { get; } =
        from kind in Gen.Choose(0, 2)
        from count in Gen.Choose(1, 60)
        from scale in Gen.Elements(0.1, 1, 5, 30)
        from values in Gen.ArrayOf(Gen.Choose(-1000, 1000), count)
        from kept in Gen.Choose(0, count - 1)
        select Array.ConvertAll(values, value => kind switch
        {
            0 => (float)(value / 300.0 * scale),
            1 => (float)(value / 400 * scale),
            _ => value < -300 ? float.NegativeInfinity : (float)(value / 300.0 * scale),
        }).Select((value, id) => id == kept && float.IsInfinity(value) ? 0f : value).ToArray();

    /// <summary>Checks that a property holds for every generated case.</summary>
    public static void Holds<T>(Gen<T> cases, Action<T> check) => Check.One(Repeatable, Prop.ForAll(cases.ToArbitrary(), check));

    /// <summary>Softmax in double precision, written plainly.</summary>
    public static double[] Probabilities(ReadOnlySpan<float> logits)
    {
        double[] values = [.. logits.ToArray().Select(value => (double)value)];
        double max = values.Max();
        double[] weights = [.. values.Select(value => Math.Exp(value - max))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
