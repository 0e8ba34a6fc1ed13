namespace PaliSharp.Evaluation;

/// <summary>How well an answer fits several right ones, by the simple rules of OKVQA, A-OKVQA and VizWiz.</summary>
/// <param name="Accuracy">The number of right answers equal to it divided by 3, at most 1.</param>
/// <param name="Any">1 if any right answer is equal to it, else 0.</param>
/// <param name="Anls">The best similarity to a right answer, see <see cref="AnswerMetrics.Anls"/>.</param>
public readonly record struct SimpleVqaScore(double Accuracy, double Any, double Anls);

/// <summary>The scores of single answers, as google-research/big_vision computes them. Texts are compared as they are: lower-case both for tasks that ask for it.</summary>
public static class AnswerMetrics
{
    private static readonly Dictionary<string, string> CountWords = new(StringComparer.Ordinal)
    {
        ["none"] = "0",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["ten"] = "10",
        ["eleven"] = "11",
        ["twelve"] = "12",
        ["thirteen"] = "13",
        ["fourteen"] = "14",
        ["fifteen"] = "15",
        ["sixteen"] = "16",
        ["seventeen"] = "17",
        ["eighteen"] = "18",
        ["nineteen"] = "19",
        ["twenty"] = "20",
    };

    /// <summary>A text in small letters, as Python makes them.</summary>
    /// <param name="text">The text.</param>
    public static string Lower(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PythonText.Lower(text);
    }

    /// <summary>
    /// The normalised similarity of one answer (DocVQA, InfoVQA, ST-VQA): 1 less the edit distance divided by the longer length, or 0 if that
    /// quotient is 0.5 or more. For an empty right answer 1 if the prediction is empty, too.
    /// </summary>
    /// <param name="target">The right answer.</param>
    /// <param name="prediction">The answer in question.</param>
    public static double Anls(string target, string prediction)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(prediction);
        if (target.Length == 0)
            return prediction.Length == 0 ? 1 : 0;
        double distance = EditDistance.Normalized(target, prediction);
        return distance < 0.5 ? 1 - distance : 0;
    }

    /// <summary>The scores against several right answers.</summary>
    /// <param name="prediction">The answer in question.</param>
    /// <param name="answers">The right answers, at least one.</param>
    public static SimpleVqaScore SimpleVqa(string prediction, IReadOnlyList<string> answers)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(answers);
        int matches = answers.Count(answer => answer == prediction);
        return new SimpleVqaScore(Math.Min(1, matches / 3.0), Math.Min(1, matches), answers.Max(answer => Anls(answer, prediction)));
    }

    /// <summary>
    /// ChartQA's relaxed match: numbers may be off by 5 % of the right one, a trailing <c>%</c> divides by 100; what is no number, and a right
    /// answer of 0, must be equal as text.
    /// </summary>
    /// <param name="target">The right answer.</param>
    /// <param name="prediction">The answer in question.</param>
    public static bool IsRelaxedMatch(string target, string prediction)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(prediction);
        return ToNumber(prediction) is { } found && ToNumber(target) is { } right && right != 0
            ? Math.Abs(found - right) / Math.Abs(right) <= 0.05
            : prediction == target;
    }

    /// <summary>Whether a count is right (TallyQA, CountBenchQA); number words up to twenty stand for digits.</summary>
    /// <param name="target">The right answer.</param>
    /// <param name="prediction">The answer in question.</param>
    public static bool IsCountRight(string target, string prediction)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(prediction);
        return ToCount(target) == ToCount(prediction);
    }

    /// <summary>A count's digits: of a word up to twenty its number, else the text.</summary>
    /// <param name="text">The answer.</param>
    public static string ToCount(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return CountWords.GetValueOrDefault(PythonText.Lower(text), text);
    }

    /// <summary>Whether POPE's answer, in small letters, is the right one.</summary>
    /// <param name="target">The right answer, <c>yes</c> or <c>no</c>.</param>
    /// <param name="prediction">The answer in question.</param>
    public static bool IsPopeRight(string target, string prediction)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        return PythonText.Lower(prediction) == target;
    }

    /// <summary>Whether POPE's answer is <c>yes</c> or <c>no</c> in letters of either case.</summary>
    /// <param name="prediction">The answer in question.</param>
    public static bool IsPopeValid(string prediction)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        return PythonText.Lower(prediction) is "yes" or "no";
    }

    /// <summary>The letter, small, of an answer that begins with <c>The answer is X.</c> in any case; null if it does not.</summary>
    /// <param name="text">The answer.</param>
    public static char? ScienceLetter(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const string Beginning = "the answer is ";
        string lower = PythonText.Lower(text);
        return lower.StartsWith(Beginning, StringComparison.Ordinal)
            && lower.Length >= Beginning.Length + 2
            && char.IsAsciiLetterLower(lower[Beginning.Length])
            && lower[Beginning.Length + 1] == '.'
            ? lower[Beginning.Length]
            : null;
    }

    /// <summary>Whether both name the same letter (ScienceQA); two that name none are equal.</summary>
    /// <param name="target">The right answer.</param>
    /// <param name="prediction">The answer in question.</param>
    public static bool IsScienceRight(string target, string prediction) => ScienceLetter(target) == ScienceLetter(prediction);

    private static double? ToNumber(string text) => text.EndsWith('%') ? PythonText.ToFloat(text.TrimEnd('%')) / 100 : PythonText.ToFloat(text);
}
