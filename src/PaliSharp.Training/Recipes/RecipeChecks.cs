using System.Text.RegularExpressions;
using PaliSharp.Tensors;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Training.Recipes;

/// <summary>What the values of a recipe have to obey.</summary>
internal static class RecipeChecks
{
    /// <summary>Checks a recipe.</summary>
    /// <exception cref="RecipeException">A value is not allowed; the message names it, its range and its source.</exception>
    public static void Check(TrainingRecipe recipe, string source)
    {
        var problems = new List<string>();
        void Require(bool holds, string field, object? value, string expected)
        {
            if (!holds)
                problems.Add($"{field} is {value ?? "null"}; expected: {expected}");
        }

        Require(recipe.Version == TrainingRecipe.CurrentVersion, "version", recipe.Version, $"{TrainingRecipe.CurrentVersion}, the only one this library reads");
        Require(recipe.Resolution is null or (>= 1 and <= 1 << 13), "resolution", recipe.Resolution, "1 to 8192 pixels");
        Require(recipe.MaxTextTokens is >= 4 and <= 8192, "maxTextTokens", recipe.MaxTextTokens, "4 to 8192");
        Require(recipe.BatchSize is >= 1 and <= 1 << 20, "batchSize", recipe.BatchSize, "at least 1");
        Require(recipe.MicroBatchSize is null or >= 1, "microBatchSize", recipe.MicroBatchSize, "at least 1, or nothing");
        Require(recipe.Length.Value > 0 && double.IsFinite(recipe.Length.Value), "length", recipe.Length.Value, "more than 0");
        Require(recipe.Length.Unit != DurationUnit.Fraction, "length.unit", recipe.Length.Unit, "steps, examples or epochs");
        Require(recipe.LearningRate >= 0 && double.IsFinite(recipe.LearningRate), "learningRate", recipe.LearningRate, "at least 0");
        Require(recipe.WeightDecay >= 0 && double.IsFinite(recipe.WeightDecay), "weightDecay", recipe.WeightDecay, "at least 0");
        Require(recipe.ClipNorm >= 0, "clipNorm", recipe.ClipNorm, "at least 0");
        Require(recipe.Dropout is >= 0 and < 1, "dropout", recipe.Dropout, "0 to below 1");
        Require(recipe.Loss.LabelSmoothing is >= 0 and < 1, "loss.labelSmoothing", recipe.Loss.LabelSmoothing, "0 to below 1");
        Require(recipe.Loss.ChunkBytes >= 1 << 10, "loss.chunkBytes", recipe.Loss.ChunkBytes, "at least 1024");
        Require(recipe.Weights is "stored" or "int8", "weights", recipe.Weights, "\"stored\" or \"int8\"");
        Require(recipe.Weights == "stored" || recipe.Lora is not null, "weights", recipe.Weights, "\"stored\": quantised weights are frozen, so only an adapter (lora) can be trained over them");
        Require(recipe.SaveAs is WeightType.Float32 or WeightType.BFloat16, "saveAs", recipe.SaveAs, "\"float32\" or \"bFloat16\"");
        Require(recipe.SaveEvery >= 1, "saveEvery", recipe.SaveEvery, "at least 1");
        Require(recipe.KeepStates >= 1, "keepStates", recipe.KeepStates, "at least 1");
        Require(recipe.EvaluateEvery >= 0, "evaluateEvery", recipe.EvaluateEvery, "at least 0");
        Require(recipe.EvaluationExamples >= 1, "evaluationExamples", recipe.EvaluationExamples, "at least 1");
        Require(recipe.Schedule.StairSteps.Count == recipe.Schedule.StairFactors.Count, "schedule.stairFactors", recipe.Schedule.StairFactors.Count, "one for each of stairSteps");
        foreach (string pattern in recipe.Freeze.Concat(recipe.Train).Concat(recipe.Groups.Select(group => group.Pattern)))
            Require(IsPattern(pattern), "pattern", $"'{pattern}'", "a regular expression without look-around and back-references");
        if (problems.Count > 0)
            throw new RecipeException($"'{source}': {string.Join("; ", problems)}.");
    }

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
