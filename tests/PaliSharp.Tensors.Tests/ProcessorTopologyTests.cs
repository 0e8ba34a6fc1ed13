using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tensors.Cpu;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>The default size of the thread team, from made-up files of Linux.</summary>
public sealed class ProcessorTopologyTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("palisharp-topology").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void With_no_files_every_processor_counts() => Assert.Equal(12, ProcessorTopology.UsableCores(_root, 12));

    [Fact]
    public void This_process_may_use_a_core() => Assert.InRange(ProcessorTopology.UsableCores(), 1, Environment.ProcessorCount);

    [Theory]
    [InlineData("core_cpus_list")]
    [InlineData("thread_siblings_list")]
    public void Hyper_threads_of_a_core_count_once(string file)
    {
        Allow("0-7");
        for (int cpu = 0; cpu < 8; cpu++)
            Write($"sys/devices/system/cpu/cpu{cpu}/topology/{file}", $"{cpu % 4},{(cpu % 4) + 4}\n");
        Assert.Equal(4, ProcessorTopology.UsableCores(_root, 8));
    }

    [Fact]
    public void Hybrid_processors_count_cores_of_both_kinds()
    {
        // Two large cores of two threads each, four small ones of one.
        Allow("0-7");
        for (int cpu = 0; cpu < 8; cpu++)
            Write($"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list", cpu < 4 ? $"{cpu / 2 * 2}-{(cpu / 2 * 2) + 1}" : $"{cpu}");
        Assert.Equal(6, ProcessorTopology.UsableCores(_root, 8));
    }

    [Fact]
    public void Only_cores_the_process_may_run_on_count()
    {
        Allow("1,5,6");
        for (int cpu = 0; cpu < 8; cpu++)
            Write($"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list", $"{cpu % 4},{(cpu % 4) + 4}");
        Assert.Equal(2, ProcessorTopology.UsableCores(_root, 3));
    }

    [Fact]
    public void Processors_of_untold_siblings_are_cores()
    {
        Allow("0-2");
        Assert.Equal(3, ProcessorTopology.UsableCores(_root, 3));
    }

    [Theory]
    [InlineData("400000 100000", 4)]
    [InlineData("250000 100000", 2)]
    [InlineData("50000 100000", 1)]
    [InlineData("max 100000", 8)]
    [InlineData("0 0", 8)]
    [InlineData("nonsense", 8)]
    [InlineData("", 8)]
    public void A_quota_limits_the_threads(string quota, int expected)
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/cpu.max", quota);
        Assert.Equal(expected, ProcessorTopology.UsableCores(_root, 8));
    }

    [Fact]
    public void The_least_quota_of_the_groups_above_counts()
    {
        Write("proc/self/cgroup", "0::/a/b/c\n");
        Write("sys/fs/cgroup/a/b/c/cpu.max", "700000 100000");
        Write("sys/fs/cgroup/a/b/cpu.max", "max 100000");
        Write("sys/fs/cgroup/a/cpu.max", "300000 100000");
        Write("sys/fs/cgroup/cpu.max", "600000 100000");
        Assert.Equal(3, ProcessorTopology.UsableCores(_root, 8));
    }

    [Fact]
    public void A_quota_of_the_first_version_counts()
    {
        // As in a container that shows its own group as the root, under the path it has outside.
        Write("proc/self/cgroup", "12:memory:/docker/xyz\n4:cpu,cpuacct:/docker/xyz\n0::/\n");
        Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "350000\n");
        Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
        Assert.Equal(3, ProcessorTopology.UsableCores(_root, 8));
        Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
        Assert.Equal(8, ProcessorTopology.UsableCores(_root, 8));
    }

    [Theory]
    [InlineData("0-3,8,10-11", new[] { 0, 1, 2, 3, 8, 10, 11 })]
    [InlineData(" 5\n", new[] { 5 })]
    [InlineData("", new int[0])]
    [InlineData("3-1", null)]
    [InlineData("1-2-3", null)]
    [InlineData("a", null)]
    [InlineData("-1", null)]
    [InlineData("0-2147483647", null)]
    [InlineData("99999999999999999999", null)]
    public void Lists_are_read(string text, int[]? expected) => Assert.Equal(expected, ProcessorTopology.ParseList(text));

    [Fact]
    public void Any_text_is_a_list_or_none()
    {
        Gen<string> text = Gen.Elements("0123456789-, \n\tx".ToCharArray()).ArrayOf().Select(letters => new string(letters));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(3, 5),
            Prop.ForAll(text.ToArbitrary(), value => ProcessorTopology.ParseList(value) is null or { Count: <= 1 << 17 }));
    }

    private void Allow(string processors) => Write("proc/self/status", $"Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t{processors}\nMems_allowed_list:\t0\n");

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
