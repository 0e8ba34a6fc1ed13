using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>What is measured.</summary>
public enum SceneSkill
{
    /// <summary>A short caption.</summary>
    Caption,

    /// <summary>A longer description.</summary>
    Description,

    /// <summary>The caption of a region.</summary>
    Region,

    /// <summary>Boxes.</summary>
    Detection,

    /// <summary>Masks.</summary>
    Segmentation,

    /// <summary>How many there are.</summary>
    Counting,

    /// <summary>Which colour something has.</summary>
    Color,

    /// <summary>Where something is.</summary>
    Position,

    /// <summary>Whether something is there.</summary>
    Presence,

    /// <summary>The background's colour.</summary>
    Background,

    /// <summary>The word in the scene, or that there is none.</summary>
    Reading,
}

/// <summary>A question about a scene and its right answer.</summary>
/// <param name="Skill">What it measures.</param>
/// <param name="Task">The task for a model.</param>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Answer">The right answer as text; for segmentation without codes, see <see cref="WithCodes"/>.</param>
public sealed record SceneQuestion(SceneSkill Skill, VisionTask Task, string Prompt, string Answer)
{
    /// <summary>For detection and segmentation, the phrase asked for; else null.</summary>
    public string? Phrase { get; init; }

    /// <summary>All questions about a scene, the same ones every time.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="seed">Chooses phrases among those that fit.</param>
    public static IReadOnlyList<SceneQuestion> About(Scene scene, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(scene);
        SceneRandom random = SceneRandom.For(0x5CE2E, seed);
        List<SceneQuestion> questions =
        [
            new(SceneSkill.Caption, new CaptionTask(), TaskPrompts.Caption(), SceneWords.Caption(scene)),
            new(SceneSkill.Description, new CaptionTask { Length = CaptionLength.Long }, TaskPrompts.Describe(), SceneWords.Description(scene)),
            Ask(SceneSkill.Counting, "how many shapes are there?", $"{scene.Objects.Count}"),
            Ask(SceneSkill.Background, "what is the background color?", scene.Background),
        ];
        List<string> shapes = [.. SceneGenerator.Shapes, .. scene.Objects.Select(item => item.Shape), .. scene.Objects.Select(item => item.Shape)];
        string asked = random.Pick(shapes);
        int count = scene.Matching(asked).Count;
        questions.Add(Ask(SceneSkill.Counting, $"how many {SceneWords.Plural(asked)} are there?", $"{count}"));
        questions.Add(Ask(SceneSkill.Presence, $"is there {SceneWords.WithArticle(asked)}?", count > 0 ? "yes" : "no"));
        questions.Add(new SceneQuestion(SceneSkill.Reading, new OcrTask(), TaskPrompts.ReadText(), scene.Text?.Text ?? "no text"));
        if (scene.Objects.Count > 0)
            AddObjects(scene, random, questions);
        return questions;
    }

    /// <summary>The right answer to a segmentation question, codes included.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="codec">Makes the codes.</param>
    public string WithCodes(Scene scene, MaskCodec codec)
    {
        ArgumentNullException.ThrowIfNull(scene);
        if (Skill != SceneSkill.Segmentation)
            return Answer;
        return string.Join(" ; ", scene.Matching(Phrase!).Select(item => $"{Target(item, scene, codec)} {Phrase}"));
    }

    private static void AddObjects(Scene scene, SceneRandom random, List<SceneQuestion> questions)
    {
        SceneObject item = random.Pick(scene.Objects);
        string phrase = random.Share() < 0.5 ? item.Shape : item.Phrase;
        foreach (string wanted in ((string[])["shape", phrase]).Distinct())
            questions.Add(new SceneQuestion(SceneSkill.Detection, new DetectionTask([wanted]), TaskPrompts.Detect([wanted]), Boxes(scene, wanted)) { Phrase = wanted });
        questions.Add(new SceneQuestion(SceneSkill.Segmentation, new SegmentationTask([phrase]), TaskPrompts.Segment([phrase]), Boxes(scene, phrase)) { Phrase = phrase });
        questions.Add(new SceneQuestion(
            SceneSkill.Region,
            new RegionCaptionTask(item.Box),
            TaskPrompts.RegionCaption(item.Box, scene.Image.Width, scene.Image.Height),
            SceneWords.WithArticle(item.Phrase)));
        SceneObject[] unique = [.. scene.Objects.Where(other => scene.Matching(other.Shape).Count == 1)];
        if (unique.Length == 0)
            return;
        SceneObject one = random.Pick(unique);
        questions.Add(Ask(SceneSkill.Color, $"what color is the {one.Shape}?", one.Color));
        questions.Add(Ask(SceneSkill.Position, $"where is the {one.Shape}?", SceneWords.Where(one.Box, scene)));
    }

    private static SceneQuestion Ask(SceneSkill skill, string question, string answer) =>
        new(skill, new AnswerTask(question), TaskPrompts.Answer(question), answer);

    private static string Boxes(Scene scene, string phrase) => string.Join(
        " ; ", scene.Matching(phrase).Select(item => $"{LocationGrid.ToTokens(item.Box, scene.Image.Width, scene.Image.Height)} {phrase}"));

    private static SegmentationTarget Target(SceneObject item, Scene scene, MaskCodec codec) => SegmentationTarget.Create(codec, item.Mask, new RelativeBox(
        item.Box.Y1 / scene.Image.Height,
        item.Box.X1 / scene.Image.Width,
        item.Box.Y2 / scene.Image.Height,
        item.Box.X2 / scene.Image.Width));
}
