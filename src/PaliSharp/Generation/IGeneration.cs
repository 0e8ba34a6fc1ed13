using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Generation;

/// <summary>
/// One request while it is answered: what it puts into the next pass through the decoder and what it makes of the logits. First its prompt goes
/// in, then, until it is finished, one token for each of its texts: one when sampling, as many as there are live beams in a search.
/// </summary>
internal interface IGeneration : IDisposable
{
    /// <summary>How many texts it continues: its sequences in the next pass, its rows of logits after it. One for the prompt.</summary>
    int Rows { get; }

    /// <summary>Whether the final soft-cap applies to the next logits.</summary>
    bool WantsSoftCap { get; }

    /// <summary>Whether the answer is complete.</summary>
    bool IsFinished { get; }

    /// <summary>The tokens that are certain so far.</summary>
    IReadOnlyList<SampledToken> Tokens { get; }

    /// <summary>The likeliest tokens at their places, if asked for.</summary>
    IReadOnlyList<IReadOnlyList<SampledToken>> TopTokens { get; }

    /// <summary>The tokens whose logits are needed next, if no others are; null if all may be.</summary>
    TokenSet? NeededNext { get; }

    /// <summary>The prompt.</summary>
    /// <param name="images">The projected rows of its pictures, in order.</param>
    SequenceInput Prompt(ReadOnlyMemory<RowRun> images);

    /// <summary>The tokens chosen last.</summary>
    /// <param name="inputs">Receives <see cref="Rows"/> sequences.</param>
    void Continue(Span<SequenceInput> inputs);

    /// <summary>Chooses the next tokens.</summary>
    /// <param name="logits">[rows, vocabulary].</param>
    /// <param name="firstRow">The first of this request's rows, <see cref="Rows"/> in all.</param>
    /// <returns>Text that became certain; empty if there is none or nobody listens.</returns>
    string Advance(Tensor logits, int firstRow);

    /// <summary>Chooses the next token, given only what <see cref="NeededNext"/> asks for.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="logits">The logit of each.</param>
    /// <returns>Text that became certain; empty if there is none or nobody listens.</returns>
    string Advance(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits);

    /// <summary>The answer once it is finished, and what of its text was held back until now.</summary>
    (GenerationResult Result, string LastPiece) Complete();
}
