namespace PaliSharp.Generation;

/// <summary>
/// A grammar over token ids, as an automaton: data that any number of sequences and beams may use at once, each holding nothing but its
/// current state. It limits what is chosen, never what is reported: log-probabilities are those of the model's whole distribution.
/// </summary>
public interface ITokenConstraint
{
    /// <summary>The state before the first generated token.</summary>
    int Start { get; }

    /// <summary>The tokens that may come next. A text may end where a token that ends it is among them.</summary>
    /// <param name="state">A state that <see cref="Start"/> or <see cref="Next"/> returned.</param>
    TokenSet Allowed(int state);

    /// <summary>The state after a token.</summary>
    /// <param name="state">A state that <see cref="Start"/> or this method returned.</param>
    /// <param name="id">A token that is allowed in it.</param>
    /// <exception cref="ArgumentException">The token is not allowed in this state.</exception>
    int Next(int state, int id);
}
