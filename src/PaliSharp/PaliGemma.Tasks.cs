using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>The tasks of the mix models whose results are texts.</content>
public sealed partial class PaliGemma
{
    /// <summary>Describes a picture in one short sentence.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="language">The language of the caption; English by default.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<TextResult> CaptionAsync(
        Image image, Language language = default, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new CaptionTask { Language = language, Options = options }, cancellationToken);

    /// <summary>Describes a picture at length.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="language">The language of the description; English by default.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<TextResult> DescribeAsync(
        Image image, Language language = default, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new CaptionTask { Length = CaptionLength.Long, Language = language, Options = options }, cancellationToken);

    /// <summary>Describes a region of a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="box">The region in pixels of the oriented original; cut to the picture.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">No part of the region lies in the picture.</exception>
    public Task<RegionCaptionResult> CaptionRegionAsync(
        Image image, BoundingBox box, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new RegionCaptionTask(box) { Options = options }, cancellationToken);

    /// <summary>Answers a question about a picture. For charts, documents, truth values and counts see <see cref="AnswerTask"/>.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="question">The question.</param>
    /// <param name="language">The language of the answer; English by default.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The question is empty.</exception>
    public Task<AnswerResult> AnswerAsync(
        Image image, string question, Language language = default, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new AnswerTask(question) { Language = language, Options = options }, cancellationToken);

    /// <summary>Finds a question about a picture to an answer.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="answer">The answer, in English.</param>
    /// <param name="language">The language of the question; English by default.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The answer is empty.</exception>
    public Task<TextResult> AskBackAsync(
        Image image, string answer, Language language = default, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new QuestionTask(answer) { Language = language, Options = options }, cancellationToken);

    /// <summary>Reads the text in a picture, from the top left to the bottom right.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<OcrResult> ReadTextAsync(Image image, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new OcrTask { Options = options }, cancellationToken);

    /// <summary>Reads the tables in a picture, with a checkpoint tuned on tables.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">The prompt of that checkpoint and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<TableResult> ReadTableAsync(Image image, TableTask? task = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, task ?? new TableTask(), cancellationToken);

    /// <summary>Reads a drawn molecule, with a checkpoint tuned on molecules.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">The prompt of that checkpoint and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<MoleculeResult> ReadMoleculeAsync(Image image, MoleculeTask? task = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, task ?? new MoleculeTask(), cancellationToken);

    /// <summary>Reads printed music, with a checkpoint tuned on music.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">The prompt of that checkpoint and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<MusicResult> ReadMusicAsync(Image image, MusicTask? task = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, task ?? new MusicTask(), cancellationToken);

    /// <summary>Answers a prompt with JSON that a schema describes.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="schema">The schema, in the subset of <see cref="TokenConstraints.JsonSchema"/>.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The schema is malformed or uses what is not supported.</exception>
    public Task<JsonResult> AnswerJsonAsync(
        Image image, string prompt, string schema, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(image, new JsonTask(prompt, schema) { Options = options }, cancellationToken);

    /// <summary>Answers the same prompt about several pictures, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="prompt">The text the model sees, such as one of <see cref="TaskPrompts"/>.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    public Task<IReadOnlyList<GenerationResult>> GenerateBatchAsync(
        IReadOnlyList<Image> images, string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        return GenerateBatchAsync([.. images.Select(image => new GenerationRequest(image, prompt, options))], cancellationToken);
    }
}
