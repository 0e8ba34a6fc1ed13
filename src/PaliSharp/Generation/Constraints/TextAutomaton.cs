using System.Runtime.InteropServices;

namespace PaliSharp.Generation;

/// <summary>A deterministic automaton over the bytes of a text, of which every state leads to the end of some text.</summary>
internal sealed class TextAutomaton
{
    /// <summary>What <see cref="Next"/> returns where no text goes on.</summary>
    public const int Dead = -1;

    /// <summary>The most states; a pattern that needs more is refused.</summary>
    public const int MaximumStates = 4096;

    private const int Bytes = 256;
    private const long MaximumWork = 20_000_000;

    private readonly int[] _next;
    private readonly bool[] _isFinal;

    private TextAutomaton(int[] next, bool[] isFinal)
    {
        _next = next;
        _isFinal = isFinal;
    }

    /// <summary>The number of states; the first is 0.</summary>
    public int StateCount => _isFinal.Length;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="PromptException">It is malformed, uses what is not supported, or matches nothing.</exception>
    /// <exception cref="ResourceLimitException">It needs too many states.</exception>
    public static TextAutomaton Compile(string pattern) => Compile(PatternParser.Parse(pattern));

    /// <summary>Compiles a graph.</summary>
    /// <exception cref="PromptException">It matches nothing.</exception>
    /// <exception cref="ResourceLimitException">It needs too many states.</exception>
    public static TextAutomaton Compile(PatternGraph graph)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var sets = new List<int[]>();
        var next = new List<int>();
        Number(Close(graph, [graph.Start]));
        long work = 0;
        for (int state = 0; state < sets.Count; state++)
        {
            bool[] starts = RunStarts(graph, sets[state]);
            int target = Dead;
            for (int value = 0; value < Bytes; value++)
            {
                if (starts[value])
                {
                    int[] targets = Targets(graph, sets[state], (byte)value);
                    target = targets.Length == 0 ? Dead : Number(Close(graph, targets));
                    work += sets[state].Length + targets.Length;
                    if (work > MaximumWork)
                        throw TooLarge();
                }

                next.Add(target);
            }
        }

        return Trim([.. next], [.. sets.Select(set => set.Contains(graph.Final))]);

        int Number(int[] set)
        {
            string key = new(MemoryMarshal.Cast<int, char>(set.AsSpan()));
            if (!numbers.TryGetValue(key, out int number))
            {
                number = sets.Count;
                if (number == MaximumStates)
                    throw TooLarge();
                numbers.Add(key, number);
                sets.Add(set);
            }

            return number;
        }
    }

    /// <summary>The state after a byte, or <see cref="Dead"/>.</summary>
    public int Next(int state, byte value) => _next[(state * Bytes) + value];

    /// <summary>Whether the text may end in a state.</summary>
    public bool IsFinal(int state) => _isFinal[state];

    /// <summary>Whether some text holds a byte.</summary>
    public bool Uses(byte value)
    {
        for (int state = 0; state < StateCount; state++)
        {
            if (Next(state, value) != Dead)
                return true;
        }

        return false;
    }

    /// <summary>For each state the fewest bytes after which the text may end.</summary>
    public int[] DistancesToEnd()
    {
        int[] distances = new int[StateCount];
        Array.Fill(distances, int.MaxValue);
        List<int>[] sources = Sources(_next, StateCount);
        var open = new Queue<int>();
        for (int state = 0; state < StateCount; state++)
        {
            if (!IsFinal(state))
                continue;
            distances[state] = 0;
            open.Enqueue(state);
        }

        while (open.TryDequeue(out int state))
        {
            foreach (int source in sources[state].Where(source => distances[source] == int.MaxValue))
            {
                distances[source] = distances[state] + 1;
                open.Enqueue(source);
            }
        }

        return distances;
    }

    private static List<int>[] Sources(int[] next, int states)
    {
        var sources = new List<int>[states];
        for (int state = 0; state < states; state++)
            sources[state] = [];
        for (int i = 0; i < next.Length; i++)
        {
            if (next[i] != Dead)
                sources[next[i]].Add(i / Bytes);
        }

        return sources;
    }

    private static ResourceLimitException TooLarge() =>
        new($"The pattern needs more than {MaximumStates} states or too many steps. Use smaller repetitions or fewer alternatives.");

    /// <summary>The bytes at which the way on may differ from that of the byte before.</summary>
    private static bool[] RunStarts(PatternGraph graph, int[] set)
    {
        var starts = new bool[Bytes + 1];
        starts[0] = true;
        foreach (int state in set)
        {
            foreach ((byte first, byte last, _) in graph.ByteSteps(state))
                (starts[first], starts[last + 1]) = (true, true);
        }

        return starts;
    }

    private static int[] Targets(PatternGraph graph, int[] set, byte value)
    {
        List<int> targets = [];
        foreach (int state in set)
        {
            foreach ((byte first, byte last, int target) in graph.ByteSteps(state))
            {
                if (value >= first && value <= last)
                    targets.Add(target);
            }
        }

        return [.. targets];
    }

    /// <summary>Adds what is reached without a byte. Only states that matter are kept, so that equal sets look equal: those with bytes, and the end.</summary>
    private static int[] Close(PatternGraph graph, int[] states)
    {
        var seen = new HashSet<int>(states);
        var open = new Stack<int>(states);
        while (open.TryPop(out int state))
        {
            foreach (int target in graph.FreeSteps(state))
            {
                if (seen.Add(target))
                    open.Push(target);
            }
        }

        return [.. seen.Where(state => state == graph.Final || graph.ByteSteps(state).Count > 0).Order()];
    }

    /// <summary>Cuts the ways that lead to no end: inside them a constrained text could not be completed.</summary>
    private static TextAutomaton Trim(int[] next, bool[] isFinal)
    {
        List<int>[] sources = Sources(next, isFinal.Length);
        var isAlive = (bool[])isFinal.Clone();
        var open = new Stack<int>(Enumerable.Range(0, isFinal.Length).Where(state => isFinal[state]));
        while (open.TryPop(out int state))
        {
            foreach (int source in sources[state].Where(source => !isAlive[source]))
            {
                isAlive[source] = true;
                open.Push(source);
            }
        }

        if (!isAlive[0])
            throw new PromptException("The pattern matches no text. Use one that does.");
        return new TextAutomaton(Array.ConvertAll(next, target => target != Dead && isAlive[target] ? target : Dead), isFinal);
    }
}
