using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>What a pool counts and gives back.</summary>
public sealed class TensorPoolTests
{
    [Fact]
    public void LentAndHeldBytesAreCounted()
    {
        using var pool = new TensorPool();
        Tensor first = pool.Rent(new TensorShape(4, 16));
        Tensor second = pool.Rent(new TensorShape(1024));
        Assert.Equal((256 + 4096, 256 + 4096), (pool.LentBytes, pool.AllocatedBytes));
        second.Dispose();
        second.Dispose();
        Assert.Equal((256, 256 + 4096), (pool.LentBytes, pool.AllocatedBytes));
        pool.Rent(new TensorShape(1024)).Dispose();
        Assert.Equal(256 + 4096, pool.AllocatedBytes);
        first.Dispose();
        Assert.Equal(0, pool.LentBytes);
    }

    [Fact]
    public void TrimmingGivesFreeMemoryBackAndLeavesLentMemoryAlone()
    {
        using var pool = new TensorPool();
        using Tensor lent = pool.Rent(new TensorShape(64));
        lent.Span.Fill(3);
        for (int i = 0; i < 20; i++)
            pool.Rent(new TensorShape(100 * (i + 1))).Dispose();
        pool.Trim();
        Assert.Equal((256, 256), (pool.LentBytes, pool.AllocatedBytes));
        Assert.All(lent.Span.ToArray(), value => Assert.Equal(3, value));
        using Tensor again = pool.Rent(new TensorShape(100));
        again.Span.Fill(1);
        Assert.True(pool.AllocatedBytes > 256);
        pool.Trim();
        pool.Trim();
    }
}
