using PaliSharp.Tensors.Cpu;
using Xunit;

namespace PaliSharp.Tensors.Tests;

public sealed unsafe class ThreadTeamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_part_runs_exactly_once(int threads)
    {
        using var team = new ThreadTeam(threads);
        int* counts = stackalloc int[1000];
        foreach (int parts in (int[])[0, 1, 2, 3, 7, 64, 1000])
        {
            new Span<int>(counts, 1000).Clear();
            var job = new CountJob { Counts = counts };
            team.Run(ref job, parts);
            for (int part = 0; part < 1000; part++)
                Assert.Equal(part < parts ? 1 : 0, counts[part]);
        }
    }

    [Fact]
    public void The_default_size_is_the_number_of_processors()
    {
        using var team = new ThreadTeam();
        Assert.Equal(ProcessorTopology.UsableCores(), team.Size);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ThreadTeam(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ThreadTeam(1_000_000));
    }

    [Theory]
    [InlineData(2, 20_000)]
    [InlineData(4, 5_000)]
    public void Thousands_of_tiny_runs_lose_nothing(int threads, int runs)
    {
        using var team = new ThreadTeam(threads);
        long total = 0;
        for (int i = 0; i < runs; i++)
        {
            long sum = 0;
            var job = new SumJob { Sum = &sum };
            int parts = (i % 5) + 1;
            team.Run(ref job, parts);
            Assert.Equal(parts * (parts + 1) / 2, sum);
            total += sum;
        }

        Assert.Equal(runs / 5 * (1 + 3 + 6 + 10 + 15), total);
    }

    [Fact]
    public void Sleeping_workers_wake()
    {
        using var team = new ThreadTeam(3);
        for (int i = 0; i < 30; i++)
        {
            Thread.Sleep(3); // beyond the time workers spin
            int meetings = 0;
            var job = new MeetJob { Arrived = &meetings, Expected = 3, Deadline = DateTime.UtcNow + Patience };
            team.Run(ref job, 3); // each part waits for the others, so that three threads must take part
            Assert.Equal(3, meetings);
        }
    }

    [Fact]
    public void A_sleeping_caller_wakes()
    {
        using var team = new ThreadTeam(2);
        int* counts = stackalloc int[1000];
        for (int i = 0; i < 20; i++)
        {
            new Span<int>(counts, 1000).Clear();
            var job = new SlowJob { Counts = counts };
            team.Run(ref job, 3);
            Assert.Equal(3, counts[0] + counts[1] + counts[2]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void An_exception_reaches_the_caller_and_the_team_lives_on(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (int i = 0; i < 200; i++)
        {
            int bad = i % 10;
            FormatException thrown = Assert.Throws<FormatException>(() =>
            {
                var failing = new FailingJob { BadPart = bad };
                team.Run(ref failing, 10);
            });
            Assert.Equal($"part {bad}", thrown.Message);
            long sum = 0;
            var job = new SumJob { Sum = &sum };
            team.Run(ref job, 4);
            Assert.Equal(10, sum);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Nested_runs_run_inside(int threads)
    {
        using var team = new ThreadTeam(threads);
        using var other = new ThreadTeam(2);
        for (int i = 0; i < 200; i++)
        {
            long sum = 0;
            var job = new NestedJob { Team = team, Other = other, Sum = &sum };
            team.Run(ref job, 6);
            Assert.Equal(6 * 2 * 15, sum);
        }
    }

    [Fact]
    public void Runs_from_several_threads_follow_one_another()
    {
        using var team = new ThreadTeam(3);
        long running = 0;
        long overlaps = 0;
        long sum = 0;
        long* runningAddress = &running;
        long* overlapsAddress = &overlaps;
        long* sumAddress = &sum;
        var callers = new Thread[4];
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new Thread(caller =>
            {
                for (int run = 0; run < 1000; run++)
                {
                    var job = new ExclusiveJob { Caller = 1 + (int)caller!, Running = runningAddress, Overlaps = overlapsAddress, Sum = sumAddress, Parts = 4 };
                    int done = 0;
                    job.Done = &done;
                    team.Run(ref job, 4);
                }
            });
            callers[i].Start(i);
        }

        foreach (Thread caller in callers)
            Assert.True(caller.Join(Patience));
        Assert.Equal(0, overlaps);
        Assert.Equal(4 * 1000 * 4, sum);
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using var team = new ThreadTeam(2);
        long sum = 0;
        var job = new SumJob { Sum = &sum };
        for (int i = 0; i < 100; i++)
            team.Run(ref job, 4);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            team.Run(ref job, 4);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Dispose_ends_the_threads_and_refuses_further_runs()
    {
        for (int i = 0; i < 50; i++)
        {
            var team = new ThreadTeam(4);
            long sum = 0;
            var job = new SumJob { Sum = &sum };
            if (i % 2 == 0)
                team.Run(ref job, 4);
            var disposing = new Thread(team.Dispose);
            disposing.Start();
            Assert.True(disposing.Join(Patience));
            team.Dispose();
            Assert.Throws<ObjectDisposedException>(() =>
            {
                long none = 0;
                var late = new SumJob { Sum = &none };
                team.Run(ref late, 4);
            });
        }
    }

    [Fact]
    public void A_part_cannot_dispose_its_team()
    {
        using var team = new ThreadTeam(2);
        Assert.Throws<InvalidOperationException>(() =>
        {
            var job = new DisposingJob { Team = team };
            team.Run(ref job, 4);
        });
    }

    private struct CountJob : IParallelJob
    {
        public int* Counts;

        public readonly void Execute(int part) => Interlocked.Increment(ref Counts[part]);
    }

    private struct SumJob : IParallelJob
    {
        public long* Sum;

        public readonly void Execute(int part) => Interlocked.Add(ref *Sum, part + 1);
    }

    private struct MeetJob : IParallelJob
    {
        public int* Arrived;
        public int Expected;
        public DateTime Deadline;

        public readonly void Execute(int part)
        {
            Interlocked.Increment(ref *Arrived);
            while (Volatile.Read(ref *Arrived) < Expected && DateTime.UtcNow < Deadline)
                Thread.Yield();
        }
    }

    private struct SlowJob : IParallelJob
    {
        public int* Counts;

        public readonly void Execute(int part)
        {
            Thread.Sleep(part + 1);
            Interlocked.Increment(ref Counts[part]);
        }
    }

    private struct FailingJob : IParallelJob
    {
        public int BadPart;

        public readonly void Execute(int part)
        {
            if (part == BadPart)
                throw new FormatException($"part {part}");
        }
    }

    private struct NestedJob : IParallelJob
    {
        public ThreadTeam Team;
        public ThreadTeam Other;
        public long* Sum;

        public readonly void Execute(int part)
        {
            var inner = new SumJob { Sum = Sum };
            Team.Run(ref inner, 5);
            Other.Run(ref inner, 5);
        }
    }

    private struct ExclusiveJob : IParallelJob
    {
        public int Caller;
        public int Parts;
        public int* Done;
        public long* Running;
        public long* Overlaps;
        public long* Sum;

        public readonly void Execute(int part)
        {
            long before = Interlocked.CompareExchange(ref *Running, Caller, 0);
            if (before != 0 && before != Caller)
                Interlocked.Increment(ref *Overlaps);
            Interlocked.Increment(ref *Sum);
            if (Interlocked.Increment(ref *Done) == Parts)
                Volatile.Write(ref *Running, 0);
        }
    }

    private struct DisposingJob : IParallelJob
    {
        public ThreadTeam Team;

        public readonly void Execute(int part) => Team.Dispose();
    }
}
