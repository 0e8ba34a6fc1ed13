using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>
/// Examples without end to train with: scenes, text lines, charts and tables, drawn anew for every number. The same seed, mixture and number give the
/// same examples everywhere. Pictures are never those that models are measured on with the same seed.
/// </summary>
public sealed class DrawnExamples
{
    // Keeps the pictures of training apart from those of an evaluation with the same seed.
    private const ulong Training = 0x7EA1_5EED_0DD5_A17E;

    private readonly ulong _seed;
    private readonly DrawnMixture _mixture;
    private readonly ShapeCodes? _codes;
    private readonly SceneGenerator _scenes;
    private readonly PageGenerator _pages;

    /// <summary>Prepares to draw.</summary>
    /// <param name="seed">The seed of everything.</param>
    /// <param name="mixture">How often what is drawn and asked; null for the defaults.</param>
    /// <param name="codec">Makes mask tokens; null leaves segmentation out.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of the mixture is out of its range.</exception>
    public DrawnExamples(ulong seed, DrawnMixture? mixture = null, MaskCodec? codec = null)
    {
        _seed = seed ^ Training;
        _mixture = mixture ?? new DrawnMixture();
        _mixture.Check();
        _codes = codec is null ? null : new ShapeCodes(codec);
        _scenes = new SceneGenerator(_seed, DrawnFonts.All);
        _pages = new PageGenerator(_seed);
    }

    /// <summary>Draws a picture.</summary>
    /// <param name="index">Its number, at least 0.</param>
    /// <returns>One to as many examples as the mixture asks for, all with the same picture.</returns>
    public IReadOnlyList<DrawnExample> Draw(int index)
    {
        SceneRandom random = SceneRandom.For(_seed ^ 0xA5C, index);
        return random.Weighted([_mixture.Scenes, _mixture.Lines, _mixture.Charts, _mixture.Tables]) switch
        {
            1 => Read(_pages.Draw(PageKind.TextLine, index), random),
            2 => Read(_pages.Draw(PageKind.Chart, index), random),
            3 => Read(_pages.Draw(PageKind.Table, index), random),
            _ => Look(_scenes.Draw(index), random),
        };
    }

    private List<DrawnExample> Look(Scene scene, SceneRandom random)
    {
        List<DrawnExample> lessons = [.. SceneLessons.Of(scene, random, _codes)];
        return Choose(lessons, [.. lessons.Select(lesson => _mixture.Tasks.TryGetValue(lesson.Task, out double weight) ? weight : 1)], random);
    }

    private List<DrawnExample> Read(Page page, SceneRandom random)
    {
        // A table is read from a padded picture, see TableTask.
        Image image = page.Questions[0].Task is TableTask { PadToSquare: true } ? page.Image.PadToSquare() : page.Image;
        string name = page.Kind.ToString().ToLowerInvariant();
        DrawnExample[] all = [.. page.Questions.Select(question => new DrawnExample(image, question.Prompt, question.Answer, name))];
        return Choose([.. all], [.. all.Select(_ => 1.0)], random);
    }

    /// <summary>As many as are asked for, each at most once, the more likely the more it weighs.</summary>
    private List<DrawnExample> Choose(List<DrawnExample> from, List<double> weights, SceneRandom random)
    {
        var chosen = new List<DrawnExample>();
        while (chosen.Count < _mixture.Questions && weights.Exists(weight => weight > 0))
        {
            int at = random.Weighted([.. weights]);
            chosen.Add(from[at]);
            from.RemoveAt(at);
            weights.RemoveAt(at);
        }

        // A scene may offer nothing but tasks of weight 0: then it is described in any way, so that every number gives an example.
        return chosen.Count > 0 ? chosen : [from[0]];
    }
}
