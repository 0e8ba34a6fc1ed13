namespace PaliSharp.Generation;

/// <summary>A step of a <see cref="TokenAutomaton"/>.</summary>
/// <param name="Ids">The tokens that take it.</param>
/// <param name="Target">The state it leads to.</param>
public readonly record struct TokenTransition(TokenSet Ids, int Target);

/// <summary>A finite automaton over token ids, given as the transitions out of each state. It starts in state 0.</summary>
public sealed class TokenAutomaton : ITokenConstraint
{
    private readonly TokenTransition[][] _states;
    private readonly TokenSet[] _allowed;

    /// <summary>Builds the automaton.</summary>
    /// <param name="states">
    /// The transitions out of each state. Where several hold a token, the first of them is taken. A state without any ends the sequence
    /// with an error, so a text's last state leads, by the token that ends texts, to any state.
    /// </param>
    /// <exception cref="ArgumentException">There is no state, or a transition leads to a state that does not exist.</exception>
    public TokenAutomaton(IEnumerable<IEnumerable<TokenTransition>> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        _states = [.. states.Select(transitions => transitions.ToArray())];
        if (_states.Length == 0)
            throw new ArgumentException("An automaton needs at least one state.", nameof(states));
        foreach (TokenTransition transition in _states.SelectMany(transitions => transitions))
        {
            if ((uint)transition.Target >= (uint)_states.Length)
            {
                throw new ArgumentException(
                    $"A transition leads to state {transition.Target}, but there are {_states.Length} states.", nameof(states));
            }
        }

        _allowed = [.. _states.Select(state => state.Aggregate(TokenSet.Empty, (set, transition) => set.Union(transition.Ids)))];
    }

    /// <inheritdoc/>
    public int Start => 0;

    /// <inheritdoc/>
    public TokenSet Allowed(int state) => _allowed[state];

    /// <inheritdoc/>
    public int Next(int state, int id)
    {
        foreach (TokenTransition transition in _states[state])
        {
            if (transition.Ids.Contains(id))
                return transition.Target;
        }

        throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
    }
}
