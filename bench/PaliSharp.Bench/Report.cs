using System.Text.Json;

namespace PaliSharp.Bench;

/// <summary>Prints results for people, or as one JSON object a line.</summary>
internal sealed class Report(bool json)
{
    /// <summary>Prints a rate.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="unit">The unit of 10⁹, such as GB/s.</param>
    /// <param name="rate">The measurements.</param>
    public void Write(string name, string unit, Samples rate)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { name, unit, median = rate.Median / 1e9, min = rate.Minimum / 1e9, max = rate.Maximum / 1e9 }));
        }
        else
        {
            Console.WriteLine($"{name,-44} {rate} {unit}");
        }
    }

    /// <summary>Prints a rate and its ratio to the machine's limit.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="unit">The unit of 10⁹, such as GB/s.</param>
    /// <param name="limitName">What the machine's limit is called.</param>
    /// <param name="samples">The measurements, taken in turns with the limit.</param>
    public void Write(string name, string unit, string limitName, PairedSamples samples)
    {
        (Samples rate, Samples limit, Samples ratio) = (samples.Rate, samples.Limit, samples.Ratio);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                name,
                unit,
                median = rate.Median / 1e9,
                min = rate.Minimum / 1e9,
                max = rate.Maximum / 1e9,
                limit = limit.Median / 1e9,
                limitMin = limit.Minimum / 1e9,
                limitMax = limit.Maximum / 1e9,
                ratio = ratio.Median,
                ratioMin = ratio.Minimum,
                ratioMax = ratio.Maximum,
            }));
        }
        else
        {
            Console.WriteLine(
                $"{name,-44} {rate} {unit}, {ratio.Median,5:p0} ({ratio.Minimum:p0} to {ratio.Maximum:p0}) of {limitName} {limit} {unit}");
        }
    }
}
