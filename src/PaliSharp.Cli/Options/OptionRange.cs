using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace PaliSharp.Cli.Options;

/// <summary>Bounds of numeric options, checked while parsing so that a wrong value is wrong usage.</summary>
internal static class OptionRange
{
    /// <summary>Refuses values outside a range.</summary>
    /// <param name="option">The option.</param>
    /// <param name="minimum">The least value allowed.</param>
    /// <param name="maximum">The greatest value allowed.</param>
    /// <returns>The option.</returns>
    public static Option<T?> Between<T>(this Option<T?> option, T minimum, T maximum)
        where T : struct, IComparable<T>, IParsable<T>
    {
        option.Validators.Add(result =>
        {
            // What is no number at all is the parser's to report.
            if (result.Tokens is [var token] && T.TryParse(token.Value, CultureInfo.InvariantCulture, out T value))
                Check(result, option.Name, value, minimum, maximum);
        });
        return option;
    }

    private static void Check<T>(OptionResult result, string name, T value, T minimum, T maximum)
        where T : struct, IComparable<T>
    {
        // Negated, so that NaN is refused too.
        bool isInside = value.CompareTo(minimum) >= 0 && value.CompareTo(maximum) <= 0;
        if (!isInside)
            result.AddError($"{name} is {value}; expected {minimum} to {maximum}.");
    }
}
