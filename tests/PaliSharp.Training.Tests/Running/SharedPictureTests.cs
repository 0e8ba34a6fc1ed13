using PaliSharp.Imaging;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;
using PaliSharp.Training.Running;
using Xunit;

namespace PaliSharp.Training.Tests.Running;

/// <summary>Examples about one and the same picture go through the image encoder once and learn what they would learn alone.</summary>
public sealed class SharedPictureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("palisharp-shared-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LossAndGradientsAreThoseOfCopies()
    {
        TrainingStep shared = FirstStep(new FewPictures(isShared: true), "shared");
        TrainingStep copied = FirstStep(new FewPictures(isShared: false), "copied");

        // The same sums in another order: float32 rounding of some hundred thousand terms that mostly cancel, well within 1e-5.
        Assert.InRange(shared.Loss, copied.Loss * (1 - 1e-5), copied.Loss * (1 + 1e-5));
        Assert.InRange(shared.GradientNorm, copied.GradientNorm * (1 - 1e-5), copied.GradientNorm * (1 + 1e-5));
    }

    private TrainingStep FirstStep(ITrainingSource source, string name)
    {
        var recipe = new TrainingRecipe
        {
            Version = 1,
            Model = Path.Combine(GoldenData.RepositoryRoot, "models", "nano"),
            BatchSize = 6,
            Length = new Duration(1, DurationUnit.Steps),
        };
        TrainingStep? first = null;
        var options = new TrainerOptions { Folder = Path.Combine(_folder, name), Cpu = new CpuOptions { Threads = 2 }, Progress = new Direct(step => first = step) };
        using var trainer = new Trainer(recipe, source, null, options);
        trainer.Run();
        return first!;
    }

    private sealed class Direct(Action<TrainingStep> tell) : IProgress<TrainingReport>
    {
        public void Report(TrainingReport value) => tell(value.Step);
    }

    /// <summary>Three questions about each picture, which is one object or a copy each time.</summary>
    private sealed class FewPictures(bool isShared) : ITrainingSource
    {
        private static readonly string[] Prompts = ["caption en", "ocr", "detect shape"];
        private readonly Dictionary<int, Image> _made = [];
        private int _next;

        public long? ExamplesPerEpoch => null;

        public TrainingExample Next()
        {
            int index = _next++;
            int picture = index / Prompts.Length;
            if (!isShared || !_made.TryGetValue(picture, out Image? image))
                _made[picture] = image = Draw(picture);
            return new TrainingExample([image], Prompts[index % Prompts.Length], $"a thing {index}");
        }

        public string SavePosition() => $"{_next}";

        public void RestorePosition(string position) => _next = int.Parse(position, System.Globalization.CultureInfo.InvariantCulture);

        private static Image Draw(int picture)
        {
            byte[] pixels = new byte[40 * 40 * 3];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)((i * (3 + picture)) % 251);
            return Image.FromPixels(40, 40, pixels);
        }
    }
}
