using PaliSharp.Imaging;

namespace PaliSharp.Evaluation;

/// <summary>A drawn picture with a prompt and what is to be written, as training takes it.</summary>
/// <param name="Image">The picture; examples of one picture share it.</param>
/// <param name="Prefix">The prompt.</param>
/// <param name="Suffix">The right answer.</param>
/// <param name="Task">What is learnt, such as <c>detect</c> or <c>chart</c>.</param>
public sealed record DrawnExample(Image Image, string Prefix, string Suffix, string Task);
