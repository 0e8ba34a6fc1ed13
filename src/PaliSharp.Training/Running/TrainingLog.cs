using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PaliSharp.Training.Running;

/// <summary>What is known after an update.</summary>
/// <param name="Step">The updates made.</param>
/// <param name="Loss">The loss of the batch before the update.</param>
/// <param name="GradientNorm">The norm of all gradients before clipping.</param>
/// <param name="LearningRate">The learning rate of parameters without a group.</param>
/// <param name="Examples">The examples seen so far.</param>
/// <param name="Tokens">The tokens learnt so far.</param>
/// <param name="Seconds">The time spent so far.</param>
/// <param name="ExamplesPerSecond">The rate of this update.</param>
public sealed record TrainingStep(
    long Step, double Loss, double GradientNorm, double LearningRate, long Examples, long Tokens, double Seconds, double ExamplesPerSecond);

/// <summary>
/// The log of a training as JSON lines and as a table of comma-separated values, a line for each update. What a killed run wrote behind the
/// state it is resumed from is removed.
/// </summary>
internal sealed class TrainingLog : IDisposable
{
    private const string Header = "step,loss,gradient_norm,learning_rate,examples,tokens,seconds,examples_per_second";
    private readonly StreamWriter _lines;
    private readonly StreamWriter _table;

    /// <summary>Opens the logs of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="step">The update that training goes on from; 0 to begin anew.</param>
    public TrainingLog(string folder, long step)
    {
        string lines = Path.Combine(folder, "log.jsonl");
        string table = Path.Combine(folder, "log.csv");
        List<string> kept = step == 0 ? [] : [.. Keep(lines, step)];
        Steps = [.. kept.Where(line => !IsEvaluation(line)).Select(line => JsonSerializer.Deserialize<TrainingStep>(line)!)];
        AtomicFile.Write(lines, stream => WriteAll(stream, kept));
        AtomicFile.Write(table, stream => WriteAll(stream, Steps.Select(Row).Prepend(Header)));
        _lines = Append(lines);
        _table = Append(table);
    }

    /// <summary>All updates so far.</summary>
    public List<TrainingStep> Steps { get; }

    /// <summary>Adds an update.</summary>
    public void Add(TrainingStep step)
    {
        Steps.Add(step);
        _lines.WriteLine(Line(step));
        _table.WriteLine(Row(step));
    }

    /// <summary>Adds the result of an evaluation to the JSON lines.</summary>
    public void Add(long step, IReadOnlyDictionary<string, double> metrics) => _lines.WriteLine(JsonSerializer.Serialize(new { step, evaluation = metrics }));

    public void Dispose()
    {
        _lines.Dispose();
        _table.Dispose();
    }

    // The lines up to an update, evaluations included; a killed run may have left half a line at the end.
    private static IEnumerable<string> Keep(string path, long step)
    {
        if (!File.Exists(path))
            yield break;
        foreach (string line in File.ReadLines(path))
        {
            if (!IsWhole(line, step))
                yield break;
            yield return line;
        }
    }

    private static bool IsWhole(string line, long step)
    {
        try
        {
            return IsEvaluation(line) || (JsonSerializer.Deserialize<TrainingStep>(line) is { } entry && entry.Step <= step);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsEvaluation(string line) => line.Contains("\"evaluation\"", StringComparison.Ordinal) && line.EndsWith('}');

    private static string Line(TrainingStep step) => JsonSerializer.Serialize(step);

    private static string Row(TrainingStep step) => string.Create(
        CultureInfo.InvariantCulture,
        $"{step.Step},{step.Loss:r},{step.GradientNorm:r},{step.LearningRate:r},{step.Examples},{step.Tokens},{step.Seconds:f3},{step.ExamplesPerSecond:f3}");

    private static void WriteAll(Stream stream, IEnumerable<string> lines)
    {
        foreach (string line in lines)
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    private static StreamWriter Append(string path) => new(path, append: true) { NewLine = "\n", AutoFlush = true };
}
