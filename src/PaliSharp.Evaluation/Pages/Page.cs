using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>What a drawn page shows.</summary>
public enum PageKind
{
    /// <summary>A line of one to three words.</summary>
    TextLine,

    /// <summary>A bar chart with labels and values.</summary>
    Chart,

    /// <summary>A small table.</summary>
    Table,
}

/// <summary>A question about a page and its right answer.</summary>
/// <param name="Task">The task for a model.</param>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Answer">The right answer as text.</param>
public sealed record PageQuestion(VisionTask Task, string Prompt, string Answer);

/// <summary>A drawn page: something to be read.</summary>
/// <param name="Kind">What it shows.</param>
/// <param name="Image">The picture.</param>
/// <param name="Questions">All questions about it, the same ones every time.</param>
public sealed record Page(PageKind Kind, Image Image, IReadOnlyList<PageQuestion> Questions);
