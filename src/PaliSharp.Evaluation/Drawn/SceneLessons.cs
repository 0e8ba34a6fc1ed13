using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>What can be learnt from a scene: the questions it is measured by, and more of the kind.</summary>
internal static class SceneLessons
{
    /// <summary>The names of tasks.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["caption", "describe", "region", "detect", "segment", "count", "color", "position", "presence", "background", "read", "blank"];

    /// <summary>All lessons of a scene.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Chooses phrases.</param>
    /// <param name="codes">Makes mask tokens; null leaves masks out.</param>
    public static IEnumerable<DrawnExample> Of(Scene scene, SceneRandom random, ShapeCodes? codes)
    {
        foreach (SceneQuestion question in SceneQuestion.About(scene, random.Below(int.MaxValue)))
        {
            if (question.Skill == SceneSkill.Segmentation)
            {
                if (codes is not null && scene.Matching(question.Phrase!).Count <= 3)
                    yield return new DrawnExample(scene.Image, question.Prompt, Masks(scene, question.Phrase!, codes), "segment");
                continue;
            }

            yield return new DrawnExample(scene.Image, question.Prompt, question.Answer, NameOf(question.Skill, scene));
        }

        if (scene.Text is { } text)
        {
            yield return new DrawnExample(scene.Image, TaskPrompts.Answer("what does the text say?"), text.Text, "read");
            yield return new DrawnExample(scene.Image, TaskPrompts.Detect(["text"]), $"{Tokens(text.Box, scene)} text", "detect");
        }

        string[] shapes = [.. scene.Objects.Select(item => item.Shape).Distinct()];
        if (shapes.Length > 1)
        {
            int first = random.Below(shapes.Length);
            string[] both = [shapes[first], shapes[(first + 1) % shapes.Length]];
            yield return new DrawnExample(scene.Image, TaskPrompts.Detect(both), string.Join(" ; ", both.Select(phrase => Boxes(scene, phrase))), "detect");
        }

        if (scene.Objects.Count > 0)
        {
            string phrase = random.Pick(scene.Objects).Phrase;
            yield return new DrawnExample(scene.Image, TaskPrompts.Detect([phrase]), Boxes(scene, phrase), "detect");
        }
    }

    private static string NameOf(SceneSkill skill, Scene scene) => skill switch
    {
        SceneSkill.Caption => "caption",
        SceneSkill.Description => "describe",
        SceneSkill.Region => "region",
        SceneSkill.Detection => "detect",
        SceneSkill.Counting => "count",
        SceneSkill.Color => "color",
        SceneSkill.Position => "position",
        SceneSkill.Presence => "presence",
        SceneSkill.Background => "background",
        SceneSkill.Reading when scene.Text is null => "blank",
        _ => "read",
    };

    private static string Masks(Scene scene, string phrase, ShapeCodes codes) =>
        string.Join(" ; ", scene.Matching(phrase).Select(item => $"{Tokens(item.Box, scene)}{codes.Of(item.Shape)} {phrase}"));

    private static string Boxes(Scene scene, string phrase) =>
        string.Join(" ; ", scene.Matching(phrase).Select(item => $"{Tokens(item.Box, scene)} {phrase}"));

    private static string Tokens(BoundingBox box, Scene scene) => LocationGrid.ToTokens(box, scene.Image.Width, scene.Image.Height);
}
