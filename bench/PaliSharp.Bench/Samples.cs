using System.Globalization;

namespace PaliSharp.Bench;

/// <summary>Repeated measurements of a rate.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    /// <summary>The middle one.</summary>
    public double Median => _values.Order().ElementAt(_values.Count / 2);

    /// <summary>The least.</summary>
    public double Minimum => _values.Min();

    /// <summary>The greatest.</summary>
    public double Maximum => _values.Max();

    /// <summary>Adds one.</summary>
    public void Add(double value) => _values.Add(value);

    /// <summary>Median and range in units of 10⁹.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Median / 1e9,7:f1} ({Minimum / 1e9:f1} to {Maximum / 1e9:f1})");
}
