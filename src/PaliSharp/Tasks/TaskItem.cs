using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>A task and what it is about.</summary>
/// <param name="Images">The pictures, in order; may be empty for tasks that are about text alone.</param>
/// <param name="Task">The task.</param>
public sealed record TaskItem(IReadOnlyList<Image> Images, VisionTask Task)
{
    /// <summary>A task about one picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">The task.</param>
    public TaskItem(Image image, VisionTask task)
        : this([image], task)
    {
    }
}
