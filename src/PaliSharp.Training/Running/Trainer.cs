using System.Diagnostics;
using PaliSharp.Tokenization;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Data;
using PaliSharp.Training.Distributed;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;

namespace PaliSharp.Training.Running;

/// <summary>
/// Trains a model by a recipe: batches prepared ahead, updates, logs, states to resume from, evaluations, the finished checkpoint.
/// Resumed from a state, with the same number of threads, it computes bit for bit what an uninterrupted run computes.
/// </summary>
public sealed class Trainer : IDisposable
{
    private const int CurveEvery = 50;
    private readonly TrainingRecipe _recipe;
    private readonly TrainerOptions _options;
    private readonly ITrainingSource _source;
    private readonly ITrainingSource? _evaluationSource;
    private readonly TrainingSetup _setup;
    private readonly PromptEncoder _encoder;
    private readonly Optimiser _optimiser;
    private readonly UpdatePlan _plan;
    private readonly TrainingState _states;
    private readonly ICollective _collective;
    private readonly DataReport _tooLong = new();
    private TrainingProgress _progress;

    /// <summary>Opens the model and, to resume, the newest state.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="source">The examples.</param>
    /// <param name="evaluationSource">The examples to evaluate on; null for none.</param>
    /// <param name="options">Folder, threads, progress.</param>
    /// <exception cref="PaliSharpException">Recipe, checkpoint or state do not allow it.</exception>
    public Trainer(TrainingRecipe recipe, ITrainingSource source, ITrainingSource? evaluationSource, TrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        _collective = options.Collective ?? new SingleProcess();
        _source = _collective.Size == 1 ? source : new SharedSource(source, _collective.Rank, _collective.Size);
        (_recipe, _evaluationSource, _options) = (recipe, evaluationSource, options);
        int wholeBatch = checked(recipe.BatchSize * _collective.Size);
        long perEpoch = source.ExamplesPerEpoch ?? 0;
        TotalSteps = recipe.Length is { Unit: DurationUnit.Epochs } && perEpoch == 0
            ? throw new RecipeException("The length is given in epochs, but the data has no end. Give it in steps or examples.")
            : recipe.Length.Steps(0, wholeBatch, perEpoch);
        _setup = TrainingSetup.Open(recipe, options.Cpu);
        try
        {
            _encoder = new PromptEncoder(_setup.LoadTokenizer());
            _optimiser = _setup.CreateOptimiser(recipe.Optimiser);
            _plan = new UpdatePlan(
                _setup.Parameters, recipe.LearningRate, recipe.WeightDecay, recipe.WeightDecayKind,
                recipe.DecaysEverything ? _ => true : UpdatePlan.IsKernel, recipe.Schedule, recipe.Groups, TotalSteps, wholeBatch, perEpoch);
            _states = new TrainingState(Path.Combine(options.Folder, "states"));
            _progress = new TrainingProgress(0, source.SavePosition(), 0, 0, 0, 0, RecipeFile.Write(recipe));
            if (options.Resume && _states.Newest is { } newest)
                Resume(newest);
        }
        catch
        {
            _setup.Dispose();
            throw;
        }
    }

    /// <summary>The updates of the whole training.</summary>
    public long TotalSteps { get; }

    /// <summary>The updates made, those before resuming included.</summary>
    public long Step => _progress.Step;

    /// <summary>What of the data was skipped since the training was opened, and why. To be read when nothing runs.</summary>
    public DataReport Skipped
    {
        get
        {
            var report = new DataReport();
            report.Add(_source.Report);
            report.Add(_tooLong);
            return report;
        }
    }

    /// <summary>The model.</summary>
    public TrainableModel Model => _setup.Model;

    /// <summary>The folder that the finished model is written to.</summary>
    public string ResultFolder => Path.Combine(_options.Folder, _setup.Lora is null ? "model" : "adapter");

    /// <summary>Trains to the end and writes the finished model.</summary>
    /// <param name="cancellationToken">Stops after the current update and saves a state.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient is no number.</exception>
    /// <exception cref="OperationCanceledException">Training was stopped; it can be resumed.</exception>
    /// <exception cref="PaliSharpException">The data is not usable.</exception>
    /// <exception cref="IOException">The folder cannot be written; states saved before are intact.</exception>
    public void Run(CancellationToken cancellationToken = default)
    {
        MeetOthers();
        using TrainingLog? log = Leads ? Begin() : null;
        var maker = Maker(_source);
        Task<TrainingBatch> next = Prepare(maker);
        try
        {
            while (_progress.Step < TotalSteps)
            {
                using TrainingBatch batch = next.GetAwaiter().GetResult();
                next = Prepare(maker);
                TrainingStep step = Update(batch);
                Report(step, log);
                if (SumOverAll(cancellationToken.IsCancellationRequested ? 1 : 0) > 0)
                {
                    SaveState();
                    throw new OperationCanceledException(cancellationToken);
                }

                if (_progress.Step % _recipe.SaveEvery == 0 && _progress.Step < TotalSteps)
                    SaveState();
                if (log is not null && (_progress.Step % CurveEvery == 0 || _progress.Step == TotalSteps))
                    LossCurve.Draw(log.Steps).SavePng(Path.Combine(_options.Folder, "loss.png"));
            }
        }
        finally
        {
            DropAhead(next);
        }

        SaveState();
        if (Leads)
            _setup.Save(ResultFolder, _recipe.SaveAs);
    }

    /// <summary>Computes one batch without an update, and says what the whole would need.</summary>
    public TrainingEstimate Estimate()
    {
        using TrainingBatch batch = Maker(_source).Next(_recipe.BatchSize, PartSize);
        _ = Compute(batch); // compiles the kernels
        long start = Stopwatch.GetTimestamp();
        _ = Compute(batch);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _setup.Parameters.ClearGradients();
        long elements = _setup.Parameters.ElementCount;
        long frozen = _setup.Weights.Where(weight => !_setup.Parameters.TryGet(weight.Name, out _)).Sum(weight => weight.ByteLength);
        return new TrainingEstimate(
            TotalSteps, elements, frozen, 2 * sizeof(float) * elements, _optimiser.Slots.Sum(slot => slot.Value.ByteLength),
            _setup.Device.Pool.AllocatedBytes, seconds);
    }

    /// <summary>Closes the checkpoint and ends the threads.</summary>
    public void Dispose() => _setup.Dispose();

    // One of the processes writes; all compute the same values.
    private bool Leads => _collective.Rank == 0;

    private int PartSize => Math.Min(_recipe.MicroBatchSize ?? _recipe.BatchSize, _recipe.BatchSize);

    private BatchMaker Maker(ITrainingSource source) =>
        new(source, _encoder, _setup.Config, _setup.Preprocessing, _setup.Device.Pool, _recipe.MaxTextTokens, _tooLong);

    // Pictures are decoded and resized while the batch before is computed.
    private Task<TrainingBatch> Prepare(BatchMaker maker) => Task.Run(() => maker.Next(_recipe.BatchSize, PartSize));

    private static void DropAhead(Task<TrainingBatch> next)
    {
        ((IAsyncResult)next).AsyncWaitHandle.WaitOne();
        if (next.IsCompletedSuccessfully)
            next.Result.Dispose();
    }

    private TrainingLog Begin()
    {
        Directory.CreateDirectory(_options.Folder);
        AtomicFile.Write(Path.Combine(_options.Folder, "recipe.json"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(_progress.Recipe)));
        if (_progress.Step == 0)
            _states.Clear(); // begun anew: an older training's states must not be taken for newer ones
        return new TrainingLog(_options.Folder, _progress.Step);
    }

    // All have read the newest state before one of them writes.
    private void MeetOthers()
    {
        double sum = SumOverAll(_progress.Step);
        if (sum != (double)_progress.Step * _collective.Size)
        {
            throw new RecipeException(
                $"The processes that train together stand at different updates, this one at {_progress.Step}. All of them must see the same '{_options.Folder}'.");
        }
    }

    private double SumOverAll(double value)
    {
        _collective.Sum(new Span<double>(ref value));
        return value;
    }

    private TrainingStep Update(TrainingBatch own)
    {
        long start = Stopwatch.GetTimestamp();
        TrainingBatch batch = own with
        {
            Totals = new LossTotals((long)SumOverAll(own.Totals.Examples), (long)SumOverAll(own.Totals.Tokens)),
            CutTexts = (int)SumOverAll(own.CutTexts),
        };
        ulong dropout = Dropping.Mix(_recipe.Seed ^ Dropping.Mix((ulong)_progress.Step));
        _setup.Model.Tape.RestartDropout(_collective.Rank == 0 ? dropout : Dropping.Mix(dropout + (ulong)_collective.Rank));
        _setup.Parameters.ClearGradients();
        double loss = SumOverAll(Compute(batch));
        foreach (Parameter parameter in _setup.Parameters)
            _collective.Sum(parameter.GradientSpan);
        double norm = GradientClipping.Norm(_setup.Parameters, _setup.Device);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw Diverged(batch, loss, norm);
        double rate = _plan.LearningRate(_progress.Step);
        _optimiser.Update(GradientClipping.Factor(norm, _recipe.ClipNorm), _plan.At(_progress.Step));
        _setup.Lora?.Refresh();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _progress = _progress with
        {
            Step = _progress.Step + 1,
            Position = batch.PositionAfter,
            Examples = _progress.Examples + batch.Totals.Examples,
            Tokens = _progress.Tokens + batch.Totals.Tokens,
            CutTexts = _progress.CutTexts + batch.CutTexts,
            Seconds = _progress.Seconds + seconds,
        };
        return new TrainingStep(
            _progress.Step, loss, norm, rate, _progress.Examples, _progress.Tokens, _progress.Seconds, batch.Totals.Examples / Math.Max(seconds, 1e-9));
    }

    private double Compute(TrainingBatch batch)
    {
        double loss = 0;
        foreach (MicroBatch part in batch.Parts)
            loss += _setup.Model.ForwardBackward(part.Pixels, part.Sequences, batch.Totals, _recipe.Loss).Loss;
        _setup.Lora?.CompleteGradients();
        return loss;
    }

    private TrainingDivergedException Diverged(TrainingBatch batch, double loss, double norm)
    {
        const int MostNamed = 16;
        string[] bad = [.. batch.Parts.SelectMany(part => part.Sequences
            .Zip(_setup.Model.Evaluate(part.Pixels, part.Sequences, batch.Totals, _recipe.Loss).SequenceLosses)
            .Where(pair => !double.IsFinite(pair.Second)).Select(pair => pair.First.Origin))];
        string[] named = bad.Length > 0 ? bad : [.. batch.Parts.SelectMany(part => part.Sequences).Select(sequence => sequence.Origin)];
        return new TrainingDivergedException(
            $"Training diverged at update {_progress.Step + 1}: the loss is {loss}, the norm of the gradients {norm}. "
            + $"{(bad.Length > 0 ? "Not a number for" : "The batch is")}: {string.Join(", ", named.Take(MostNamed))}{(named.Length > MostNamed ? ", …" : "")}. "
            + "The parameters were not touched. Look at these examples, lower the learning rate, or lengthen the warm-up, and resume from the last state.");
    }

    private void Report(TrainingStep step, TrainingLog? log)
    {
        if (log is null)
            return;
        log.Add(step);
        Dictionary<string, double>? metrics = null;
        if (step.Step == TotalSteps || (_recipe.EvaluateEvery > 0 && step.Step % _recipe.EvaluateEvery == 0))
        {
            metrics = Evaluate(step.Step);
            if (metrics.Count > 0)
                log.Add(step.Step, metrics);
        }

        double perStep = step.Seconds / step.Step;
        _options.Progress?.Report(new TrainingReport(
            step, TotalSteps, TimeSpan.FromSeconds(Math.Min(perStep * (TotalSteps - step.Step), TimeSpan.MaxValue.TotalSeconds / 2)), metrics));
    }

    private Dictionary<string, double> Evaluate(long step)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        if (_evaluationSource is not null)
        {
            string position = _evaluationSource.SavePosition();
            metrics["evaluation_loss"] = EvaluationLoss();
            _evaluationSource.RestorePosition(position); // the same examples every time
        }

        foreach ((string name, double value) in _options.Evaluation?.Evaluate(_setup.Model, step) ?? new Dictionary<string, double>())
            metrics[name] = value;
        return metrics;
    }

    private double EvaluationLoss()
    {
        BatchMaker maker = Maker(_evaluationSource!);
        var options = _recipe.Loss with { LabelSmoothing = 0, Reduction = Objectives.LossReduction.TokenMean };
        double sum = 0;
        long tokens = 0;
        for (int done = 0; done < _recipe.EvaluationExamples; done += PartSize)
        {
            int count = Math.Min(PartSize, _recipe.EvaluationExamples - done);
            using TrainingBatch batch = maker.Next(count, count);
            foreach (MicroBatch part in batch.Parts)
                sum += _setup.Model.Evaluate(part.Pixels, part.Sequences, batch.Totals, options).Loss * batch.Totals.Tokens;
            tokens += batch.Totals.Tokens;
        }

        return sum / Math.Max(1, tokens);
    }

    private void SaveState()
    {
        if (Leads)
            _states.Save(_progress, _setup.Parameters, _optimiser, _recipe.KeepStates);
    }

    private void Resume(string folder)
    {
        string own = _progress.Recipe;
        TrainingProgress loaded = TrainingState.Load(folder, _setup.Parameters, _optimiser);
        if (loaded.Recipe != own)
        {
            throw new RecipeException(
                $"'{_options.Folder}' holds a training begun with another recipe (its recipe.json). Resume with that one, or choose another folder.");
        }

        _progress = loaded;
        _source.RestorePosition(loaded.Position);
        _setup.Lora?.Refresh();
    }
}
