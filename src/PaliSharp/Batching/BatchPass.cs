namespace PaliSharp.Batching;

/// <summary>A pass through encoder or decoder that is taken on layer by layer, between the steps of the sequences that are being written.</summary>
internal abstract class BatchPass : IDisposable
{
    /// <summary>The rows that a layer computes.</summary>
    public abstract int Rows { get; }

    /// <summary>Whether nobody waits for it any more.</summary>
    public abstract bool IsAbandoned { get; }

    /// <summary>Computes the next layer; the last one hands the results out.</summary>
    /// <returns>Whether that was the last one.</returns>
    public abstract bool Step();

    /// <summary>Ends with an error all that waits for it.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>Frees what the pass holds.</summary>
    public abstract void Dispose();
}
