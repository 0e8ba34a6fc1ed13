using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.LowRank;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;
using PaliSharp.Training.Running;
using Xunit;

namespace PaliSharp.Training.Tests.Running;

/// <summary>Training from start to end on the demonstration model: loss, files, resuming, bad batches.</summary>
public sealed class TrainerTests : IDisposable
{
    private static readonly string Nano = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");
    private readonly string _folder = Directory.CreateTempSubdirectory("palisharp-train-").FullName;

    private static TrainingRecipe Recipe => new()
    {
        Version = 1,
        Model = Nano,
        MaxTextTokens = 24,
        BatchSize = 4,
        MicroBatchSize = 3,
        Length = new Duration(6, DurationUnit.Steps),
        LearningRate = 1e-4,
        WeightDecay = 1e-5,
        Dropout = 0.1f,
        SaveEvery = 2,
        Seed = 3,
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ResumedTrainingEndsBitEqualAndTheResultReloads()
    {
        string whole = Path.Combine(_folder, "whole");
        TrainingStep[] uninterrupted = Train(Recipe, whole, int.MaxValue);
        Assert.Equal(6, uninterrupted.Length);
        Assert.All(uninterrupted, step => Assert.True(double.IsFinite(step.Loss)));

        string broken = Path.Combine(_folder, "broken");
        _ = Assert.ThrowsAny<Exception>(() => Train(Recipe, broken, 3)); // dies behind the state of step 2, with a line in the log
        TrainingStep[] resumed = Train(Recipe, broken, int.MaxValue);
        Assert.Equal(4, resumed.Length);
        Assert.Equal(uninterrupted.Skip(2).Select(step => (step.Step, step.Loss, step.GradientNorm)), resumed.Select(step => (step.Step, step.Loss, step.GradientNorm)));
        byte[] expected = File.ReadAllBytes(Path.Combine(whole, "model", "model.safetensors"));
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(broken, "model", "model.safetensors"))));
        Assert.Equal(6, File.ReadLines(Path.Combine(broken, "log.jsonl")).Count());
        Assert.Equal(7, File.ReadLines(Path.Combine(broken, "log.csv")).Count());
        Assert.Equal(ImageFormat.Png, Image.Identify(Path.Combine(broken, "loss.png")).Format);
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(broken, "states")).Length);

        using Checkpoint before = Checkpoint.Load(Nano);
        using Checkpoint after = Checkpoint.Load(Path.Combine(whole, "model"));
        Assert.Equal(before.Config.Text, after.Config.Text);
        Assert.Equal(before.Config.Vision, after.Config.Vision);
        Assert.Equal(before.Config.ImageTokenId, after.Config.ImageTokenId);
        Assert.Empty(after.Warnings);
        Assert.NotNull(after.TokenizerFolder);
    }

    [Fact]
    public void SavedCheckpointGivesTheTrainedLogits()
    {
        using TrainingSetup setup = TrainingSetup.Open(Recipe, new CpuOptions { Threads = 2 });
        string folder = Path.Combine(_folder, "saved");
        setup.Save(folder, WeightType.Float32);
        using Checkpoint saved = Checkpoint.Load(folder);
        var model = new PaliGemmaModel(saved.Config, setup.Device, name => saved.Weights.TryGet(name, out Weight? weight) ? weight : null);
        setup.Model.Tape.IsRecording = false;
        int[] ids = [2, 5, 6, 7, 4];
        using Tensor a = setup.Model.Model.Forward([new SequenceInput(ids, ids.Length)]);
        using Tensor b = model.Forward([new SequenceInput(ids, ids.Length)]);
        using Tensor x = setup.Model.Model.Logits(a);
        using Tensor y = model.Logits(b);
        Assert.True(x.Span.SequenceEqual(y.Span));
    }

    [Fact]
    public void OtherResolutionResamplesPositionsAndIsSavedWithIt()
    {
        TrainingRecipe recipe = Recipe with { Resolution = 140, Length = new Duration(1, DurationUnit.Steps), SaveAs = WeightType.BFloat16 };
        _ = Train(recipe, _folder, int.MaxValue);
        using Checkpoint after = Checkpoint.Load(Path.Combine(_folder, "model"));
        Assert.Equal(140, after.Config.Vision.ImageSize);
        Assert.Equal(new TensorShape(100, 160), after.Weights["vision_tower.vision_model.embeddings.position_embedding.weight"].Shape);
        Assert.Equal(140, after.Preprocessing.Size);
        Assert.Equal(WeightType.BFloat16, after.Weights["language_model.model.embed_tokens.weight"].Type);
    }

    [Fact]
    public void AdapterOverEightBitWeightsIsTrainedAndLoads()
    {
        TrainingRecipe recipe = Recipe with { Weights = "int8", Lora = new LoraOptions { Rank = 2, Dropout = 0.1f }, Checkpointing = true, LearningRate = 1e-3 };
        TrainingStep[] steps = Train(recipe, _folder, int.MaxValue);
        Assert.Equal(6, steps.Length);
        using Checkpoint checkpoint = Checkpoint.Load(Nano);
        LoraAdapter adapter = LoraAdapter.Load(Path.Combine(_folder, "adapter"), checkpoint.Weights);
        Assert.Contains(adapter.Updates.Values, update => update.B.AsSpan().ToArray().Any(value => value != 0));
    }

    [Fact]
    public void BatchThatIsNoNumberStopsTrainingAndIsNamed()
    {
        // A learning rate beyond all reason: the second batch cannot be computed any more.
        TrainingRecipe recipe = Recipe with { LearningRate = 1e30, Schedule = new Schedule { Decay = DecayKind.Constant }, ClipNorm = 0 };
        TrainingDivergedException exception = Assert.Throws<TrainingDivergedException>(() => Train(recipe, _folder, int.MaxValue));
        Assert.Contains("update 2", exception.Message);
        Assert.Contains("drawn ", exception.Message);
        Assert.False(Directory.Exists(Path.Combine(_folder, "states")));
    }

    [Fact]
    public void DamagedStateIsRefusedAndTheOneBeforeKept()
    {
        _ = Assert.ThrowsAny<Exception>(() => Train(Recipe, _folder, 5));
        string newest = Directory.GetDirectories(Path.Combine(_folder, "states")).Order().Last();
        string file = Path.Combine(newest, "parameters.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        CheckpointException exception = Assert.Throws<CheckpointException>(() => Train(Recipe, _folder, int.MaxValue));
        Assert.Contains("damaged", exception.Message);
        Directory.Delete(newest, recursive: true);
        Assert.Equal(4, Train(Recipe, _folder, int.MaxValue).Length); // from step 2
    }

    [Fact]
    public void AnotherRecipeDoesNotResume()
    {
        _ = Assert.ThrowsAny<Exception>(() => Train(Recipe, _folder, 3));
        RecipeException exception = Assert.Throws<RecipeException>(() => Train(Recipe with { LearningRate = 1 }, _folder, int.MaxValue));
        Assert.Contains("another recipe", exception.Message);
    }

    [Fact]
    public void LossFallsOnWhatIsLearnt()
    {
        TrainingRecipe recipe = Recipe with { Length = new Duration(25, DurationUnit.Steps), LearningRate = 1e-3, Dropout = 0, SaveEvery = 1000, EvaluateEvery = 5, EvaluationExamples = 4 };
        using var trainer = new Trainer(recipe, new DrawnSource(int.MaxValue, "a very red thing"), new DrawnSource(int.MaxValue, "a very red thing"), Options(_folder, out List<TrainingReport> reports));
        trainer.Run();
        Assert.True(reports[^1].Step.Loss < reports[0].Step.Loss / 4, $"from {reports[0].Step.Loss} to {reports[^1].Step.Loss}");
        Assert.Equal(5, reports.Count(report => report.Metrics is { Count: > 0 }));
    }

    [Fact]
    public void EstimateCountsParametersAndMemory()
    {
        using var trainer = new Trainer(Recipe, new DrawnSource(int.MaxValue, "red"), null, Options(_folder, out _));
        TrainingEstimate estimate = trainer.Estimate();
        Assert.Equal(6, estimate.Steps);
        Assert.Equal(8 * estimate.TrainedParameters, estimate.ParameterBytes);
        Assert.Equal(8 * estimate.TrainedParameters, estimate.OptimiserBytes);
        Assert.True(estimate.ActivationBytes > 0);
    }

    private static TrainerOptions Options(string folder, out List<TrainingReport> reports)
    {
        var list = new List<TrainingReport>();
        reports = list;
        return new TrainerOptions { Folder = folder, Cpu = new CpuOptions { Threads = 2 }, Progress = new Direct(list) };
    }

    private static TrainingStep[] Train(TrainingRecipe recipe, string folder, int dieAfterSteps)
    {
        TrainerOptions options = Options(folder, out List<TrainingReport> reports);
        long last = dieAfterSteps == int.MaxValue ? long.MaxValue : dieAfterSteps * (long)recipe.BatchSize;
        using var trainer = new Trainer(recipe, new DrawnSource(last, null), null, options);
        trainer.Run();
        return [.. reports.Select(report => report.Step)];
    }

    private sealed class Direct(List<TrainingReport> reports) : IProgress<TrainingReport>
    {
        public void Report(TrainingReport value) => reports.Add(value);
    }

    /// <summary>Coloured pictures that depend on the position alone. Behind a last example it fails as a killed process does: without a warning.</summary>
    private sealed class DrawnSource(long last, string? suffix) : ITrainingSource
    {
        private static readonly string[] Names = ["red", "green", "blue"];
        private long _next;

        public long? ExamplesPerEpoch => null;

        public TrainingExample Next()
        {
            if (_next >= last)
                throw new InvalidOperationException("The process is gone.");
            long index = _next++;
            byte[] pixels = new byte[20 * 20 * 3];
            int colour = (int)(index % 3);
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)(i % 3 == colour ? 250 : (index * 7) % 50);
            return new TrainingExample([Image.FromPixels(20, 20, pixels)], "caption en", suffix ?? Names[colour]) { Origin = $"drawn {index}" };
        }

        public string SavePosition() => _next.ToString(System.Globalization.CultureInfo.InvariantCulture);

        public void RestorePosition(string position) => _next = long.Parse(position, System.Globalization.CultureInfo.InvariantCulture);
    }
}
