using PaliSharp.Results;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Jobs;

/// <summary>What a job asks about every picture, and which parts of the results become columns.</summary>
public abstract class BatchTask
{
    /// <summary>The templates that rows fill, for checking that the input has their columns.</summary>
    internal abstract IReadOnlyList<PromptTemplate> Templates { get; }

    /// <summary>The properties of results that become columns of a CSV output.</summary>
    internal abstract IReadOnlyList<string> Columns { get; }

    /// <summary>What is asked, for a job to recognise itself by.</summary>
    internal abstract string Identity { get; }

    /// <summary>Any prompt, answered with text.</summary>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    public static BatchTask Prompt(PromptTemplate prompt, GenerationOptions? options = null) => new TextBatchTask(prompt, options);

    /// <summary>What the model is asked about a row.</summary>
    /// <exception cref="PromptException">The row makes no prompt.</exception>
    internal abstract GenerationRequest Ask(BatchRow row, Image image);

    /// <summary>What its answer says.</summary>
    internal abstract ResultLine Read(PaliGemma model, BatchRow row, Image image, GenerationResult answer);

    private sealed class TextBatchTask(PromptTemplate prompt, GenerationOptions? options) : BatchTask
    {
        internal override IReadOnlyList<PromptTemplate> Templates => [prompt];

        internal override IReadOnlyList<string> Columns => ["prompt", "text", "finish_reason", "logprob"];

        internal override string Identity => $"prompt '{prompt}'";

        internal override GenerationRequest Ask(BatchRow row, Image image) => new(image, prompt.Fill(row), options);

        internal override ResultLine Read(PaliGemma model, BatchRow row, Image image, GenerationResult answer) => TextLine.Of(row.Image, null, answer);
    }
}
