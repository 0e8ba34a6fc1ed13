namespace PaliSharp.Bench;

/// <summary>One measurement: its name, what it does, and how; it returns whether what it checks is in order.</summary>
internal sealed record Verb(string Name, string Description, Func<BenchOptions, bool> Run)
{
    public Verb(string name, string description, Action<BenchOptions> run)
        : this(name, description, options =>
        {
            run(options);
            return true;
        })
    {
    }
}
