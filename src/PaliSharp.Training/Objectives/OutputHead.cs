using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Gradients;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Objectives;

/// <summary>
/// Output head and loss in one: h·Eᵀ, cap, cross-entropy and all gradients, a run of rows at a time, so that of the logits of 257,216 columns only
/// a few hundred rows exist at once.
/// </summary>
/// <param name="tape">Records what led to the hidden states.</param>
/// <param name="table">The tied table.</param>
/// <param name="config">The decoder, for its cap.</param>
internal sealed unsafe class OutputHead(TapeBackend tape, Weight table, GemmaConfig config)
{
    /// <summary>Computes the losses and, if the tape records, adds to the table's gradient and seeds that of the hidden states.</summary>
    /// <param name="hidden">[targets, width]: the states that predict the targets.</param>
    /// <param name="targets">The right token of each row.</param>
    /// <param name="weights">What each row's loss counts.</param>
    /// <param name="options">How the loss is computed.</param>
    /// <param name="losses">Receives each row's loss.</param>
    public void Compute(Tensor hidden, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, LossOptions options, Span<double> losses)
    {
        int vocabulary = table.Shape[0];
        CpuBackend device = tape.Device;
        bool needsInput = tape.IsRecording && tape.RequiresGradient(hidden);
        Parameter? trained = tape.IsRecording ? tape.Parameters.Of(table) : null;
        Tensor? gradient = needsInput ? device.Rent(hidden.Shape) : null;
        int chunk = (int)Math.Clamp(options.ChunkBytes / sizeof(float) / vocabulary, 1, hidden.Rows);
        CrossEntropyOptions entropy = EntropyOptions(options, vocabulary);
        fixed (int* target = targets)
        fixed (float* weight = weights)
        fixed (double* loss = losses)
        {
            for (int start = 0; start < hidden.Rows; start += chunk)
            {
                int rows = Math.Min(chunk, hidden.Rows - start);
                using Tensor run = device.ConcatenateRows([new RowRun(hidden, start, rows)]);
                using Tensor logits = device.Linear(run, table);
                device.Gradients.CrossEntropy(logits.Pointer, target + start, weight + start, rows, vocabulary, entropy, loss + start);
                if (trained is not null)
                    device.Gradients.LinearWeight(logits.Pointer, run.Pointer, rows, vocabulary, hidden.Columns, trained.Gradients);
                if (gradient is not null)
                    device.Gradients.LinearInput(logits.Pointer, rows, table, gradient.Pointer + ((long)start * hidden.Columns), accumulate: false);
            }
        }

        if (gradient is not null)
            tape.Seed(hidden, gradient);
    }

    private CrossEntropyOptions EntropyOptions(LossOptions options, int vocabulary)
    {
        float cap = options.FinalSoftCap ? config.FinalSoftCap : 0;
        float smoothing = options.LabelSmoothing;
        if (options.Smoothing == SmoothingStyle.AllTokens)
        {
            float share = smoothing / vocabulary;
            return new CrossEntropyOptions(1 - smoothing + share, share, cap);
        }

        return new CrossEntropyOptions(1 - smoothing, smoothing / (vocabulary - 1), cap);
    }
}
