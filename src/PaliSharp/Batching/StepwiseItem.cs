using PaliSharp.Imaging;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>Other work on the model, done step by step between the steps of the batch.</summary>
internal interface IStepwiseItem
{
    /// <summary>Does the next step; the last one ends the item.</summary>
    void Step();
}

/// <summary>Work that is done step by step and has a result.</summary>
/// <param name="images">The pictures it needs encoded.</param>
/// <param name="kvBytes">The bytes of keys and values it takes.</param>
/// <param name="work">Given the encoded pictures, yields null after each step but the last, then the result.</param>
/// <param name="clock">Tells the time.</param>
/// <param name="counters">Counts outcomes.</param>
/// <typeparam name="T">The result.</typeparam>
internal sealed class StepwiseItem<T>(
    IReadOnlyList<Image> images, long kvBytes, Func<RowRun[], IEnumerable<T?>> work, TimeProvider clock, BatchCounters counters)
    : BatchItem<T>(images, 1, kvBytes, clock, counters), IStepwiseItem
    where T : class
{
    private IEnumerator<T?>? _steps;

    public void Step()
    {
        _steps ??= work(PictureRows()).GetEnumerator();
        if (!_steps.MoveNext())
            throw new InvalidOperationException("The work ended without a result.");
        if (_steps.Current is { } result)
            Succeed(result);
    }

    public override void Release()
    {
        _steps?.Dispose();
        _steps = null;
    }
}
