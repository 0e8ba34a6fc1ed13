using System.Text.Json;

namespace PaliSharp.Bench;

/// <summary>Prints results for people, or as one JSON object a line.</summary>
internal sealed class Report(bool json)
{
    /// <summary>Prints a rate.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="unit">The unit of 10⁹, such as GB/s.</param>
    /// <param name="rate">The measurements.</param>
    /// <param name="limitName">What the machine's limit is called, or null for none.</param>
    /// <param name="limit">The machine's limit, measured in turns with the rate.</param>
    public void Write(string name, string unit, Samples rate, string? limitName = null, Samples? limit = null)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                name,
                unit,
                median = rate.Median / 1e9,
                min = rate.Minimum / 1e9,
                max = rate.Maximum / 1e9,
                limit = limit?.Median / 1e9,
                limitMax = limit?.Maximum / 1e9,
                ratio = limit is null ? (double?)null : rate.Median / limit.Median,
            }));
            return;
        }

        string line = $"{name,-44} {rate} {unit}";
        if (limit is not null)
            line += $"  {rate.Median / limit.Median,6:p0} of {limitName} {limit} {unit}; best of both {rate.Maximum / limit.Maximum:p0}";
        Console.WriteLine(line);
    }
}
