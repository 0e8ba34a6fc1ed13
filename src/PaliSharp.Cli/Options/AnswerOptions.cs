using System.CommandLine;
using PaliSharp.Generation;

namespace PaliSharp.Cli.Options;

/// <summary>What all verbs that ask a model have in common: the model, how it answers, how the answer is shown.</summary>
/// <param name="defaultTokens">The limit on tokens if none is given; null if that depends.</param>
/// <param name="isLive">Whether text may appear while it is being written.</param>
internal sealed class AnswerOptions(int? defaultTokens, bool isLive = true)
{
    private readonly ModelOptions _model = new();
    private readonly OutputOptions _output = new();

    private readonly Option<int?> _maxTokens = new Option<int?>("--max-tokens", "-n")
    {
        Description = $"The most tokens of an answer. Default: {defaultTokens?.ToString() ?? "that of the task"}.",
        HelpName = "N",
    }.Between(1, 1_000_000);

    private readonly Option<double?> _temperature = new Option<double?>("--temperature", "-t")
    {
        Description = "0 takes the likeliest token (default); above, tokens are drawn.",
        HelpName = "T",
    }.Between(0.0, 1e6);

    private readonly Option<int?> _topK = new Option<int?>("--top-k")
    {
        Description = "Draw among the K likeliest tokens only. Implies --temperature 1 unless given.",
        HelpName = "K",
    }.Between(1, int.MaxValue);

    private readonly Option<double?> _topP = new Option<double?>("--top-p")
    {
        Description = "Draw among the likeliest tokens that together reach the probability P. Implies --temperature 1 unless given.",
        HelpName = "P",
    }.Between(0.0, 1.0);

    private readonly Option<ulong?> _seed = new("--seed") { Description = "Makes drawing repeatable.", HelpName = "SEED" };

    private readonly Option<int?> _beams = new Option<int?>("--beams")
    {
        Description = "Beam search with so many beams instead of drawing.",
        HelpName = "N",
    }.Between(1, BeamOptions.MaxBeams);

    private readonly Option<double?> _lengthPenalty = new Option<double?>("--length-penalty")
    {
        Description = "With --beams: divide a text's log-probability by its length to this power; above 0 favours long texts. Default: 1.",
        HelpName = "P",
    }.Between(-100.0, 100.0);

    private readonly Option<int?> _topLogProbabilities = new Option<int?>("--top-logprobs")
    {
        Description = "With --json: report the N likeliest tokens at the place of each token.",
        HelpName = "N",
    }.Between(1, 100);

    private readonly Option<bool> _singleString = new("--single-string")
    {
        Description = "Tokenise prompt and newline as one string, as transformers does, instead of apart, as in training.",
    };

    private readonly Option<bool> _guard = new("--repetition-guard") { Description = "End an answer that repeats itself over and over." };

    private readonly Option<int?> _batch = new Option<int?>("--batch")
    {
        Description = $"The most pictures answered together. Default: {DefaultBatch}.",
        HelpName = "N",
    }.Between(1, 1024);

    private readonly Option<bool> _noStream = new("--no-stream") { Description = "Show the text when it is complete, also on a terminal." };

    /// <summary>The most pictures answered together if nobody says otherwise.</summary>
    public static int DefaultBatch { get; } = new PaliGemmaOptions().MaxBatch;

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        _model.AddTo(command);
        _output.AddTo(command);
        _output.AddTimingsTo(command);
        foreach (Option option in (Option[])[_maxTokens, _temperature, _topK, _topP, _seed, _beams, _lengthPenalty, _singleString, _guard, _batch])
            command.Add(option);
        if (!isLive)
            return;
        command.Add(_topLogProbabilities);
        command.Add(_noStream);
    }

    /// <summary>Reads what was given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="host">The world.</param>
    /// <param name="tokens">The limit on tokens if none is given, where that depends.</param>
    /// <exception cref="UsageException">The options make no sense together.</exception>
    public AnswerChoice Read(ParseResult parsed, CliHost host, int? tokens = null)
    {
        var generation = new GenerationOptions
        {
            MaxNewTokens = parsed.GetValue(_maxTokens) ?? tokens ?? defaultTokens!.Value,
            Sampling = ReadSampling(parsed),
            Beam = parsed.GetValue(_beams) is { } beams ? new BeamOptions { Beams = beams, LengthPenalty = parsed.GetValue(_lengthPenalty) ?? 1 } : null,
            TopLogProbabilities = isLive ? parsed.GetValue(_topLogProbabilities) ?? 0 : 0,
            PromptStyle = parsed.GetValue(_singleString) ? PromptStyle.HuggingFace : PromptStyle.Training,
            StopOnRepetition = parsed.GetValue(_guard) ? new RepetitionGuard() : null,
        };
        OutputChoice output = _output.Read(parsed);
        Check(generation, parsed.GetValue(_lengthPenalty) is not null, output);
        return new AnswerChoice(_model.Read(parsed, host), output, generation, parsed.GetValue(_batch) ?? DefaultBatch, isLive && !parsed.GetValue(_noStream));
    }

    private static void Check(GenerationOptions generation, bool hasLengthPenalty, OutputChoice output)
    {
        if (generation.Beam is not null && !generation.Sampling.IsGreedy)
            throw new UsageException("--beams cannot be combined with --temperature, --top-k or --top-p.");
        if (generation.Beam is not null && generation.StopOnRepetition is not null)
            throw new UsageException("--repetition-guard cannot be combined with --beams.");
        if (generation.Beam is not null && generation.TopLogProbabilities > 0)
            throw new UsageException("--top-logprobs cannot be combined with --beams.");
        if (generation.Beam is null && hasLengthPenalty)
            throw new UsageException("--length-penalty needs --beams.");
        if (generation.TopLogProbabilities > 0 && !output.Json)
            throw new UsageException("--top-logprobs needs --json.");
    }

    private SamplingOptions ReadSampling(ParseResult parsed)
    {
        int? topK = parsed.GetValue(_topK);
        double? topP = parsed.GetValue(_topP);
        double temperature = parsed.GetValue(_temperature) ?? (topK is null && topP is null ? 0 : 1);
        if (temperature is > 0 and < 1e-6)
            throw new UsageException($"--temperature is {temperature}; expected 0 or at least 0.000001.");
        return new SamplingOptions { Temperature = temperature, TopK = topK ?? 0, TopP = topP ?? 1, Seed = parsed.GetValue(_seed) };
    }
}

/// <summary>How a model is asked and its answers are shown.</summary>
/// <param name="Model">The model.</param>
/// <param name="Output">How answers are shown.</param>
/// <param name="Generation">How it answers.</param>
/// <param name="Batch">The most pictures answered together.</param>
/// <param name="Stream">Whether text may appear while it is being written.</param>
internal sealed record AnswerChoice(ModelChoice Model, OutputChoice Output, GenerationOptions Generation, int Batch, bool Stream);
