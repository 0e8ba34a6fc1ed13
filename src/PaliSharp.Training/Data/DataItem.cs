using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Data;

/// <summary>An item of a data set before its pictures are loaded.</summary>
/// <param name="Images">The files of its pictures.</param>
/// <param name="Prefix">Its own text for the prompt, which the prefix of the source may surround.</param>
/// <param name="Suffix">What is to be learnt; empty if <paramref name="Objects"/> say it.</param>
/// <param name="Origin">Where it is from, for messages.</param>
/// <param name="Objects">Things in the picture, written as text once it is known what happens to the picture; null for text alone.</param>
internal sealed record DataItem(IReadOnlyList<string> Images, string Prefix, string Suffix, string Origin, PictureObjects? Objects = null);

/// <summary>What is random about one visit to an item: a function of seed, pass and place alone.</summary>
/// <param name="Seed">The seed of the source.</param>
/// <param name="Epoch">The pass over the data, from 0.</param>
/// <param name="Index">The item.</param>
internal readonly record struct ItemDraw(ulong Seed, long Epoch, int Index)
{
    /// <summary>Random numbers for one purpose; other purposes see others.</summary>
    public GaussianRandom Random(ulong purpose) => new(Dropping.Mix(Seed ^ Dropping.Mix(purpose ^ Dropping.Mix(((ulong)Epoch << 32) ^ (uint)Index))));

    /// <summary>
    /// One of several answers: all of them, in an order shuffled for the item, before any comes again (big_vision's choice without replacement).
    /// </summary>
    /// <param name="count">How many there are, at least 1.</param>
    public int Choose(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Shuffling.Shuffle(order, (this with { Epoch = Epoch / count }).Random(1));
        return order[Epoch % count];
    }
}

/// <summary>Puts things into a random order.</summary>
internal static class Shuffling
{
    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public static void Shuffle<T>(Span<T> items, GaussianRandom random)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = (int)(random.Uniform() * (i + 1));
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
