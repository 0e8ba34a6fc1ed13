using System.Diagnostics;
using System.Globalization;
using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>Training in processes of its own: killed at any moment, without room on the disk, several together.</summary>
public sealed class TrainProcessTests
{
    private const int Steps = 8;

    [Fact]
    public async Task Killed_five_times_it_ends_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        string recipe = WriteRecipe(folder, "", batch: 2);
        Assert.Equal(0, await Train(folder, recipe, "whole"));
        var random = new Random(5);
        string log = Path.Combine(folder["broken"], "log.jsonl");
        for (int kill = 0; kill < 5; kill++)
        {
            using Process process = Start(folder, recipe, "broken", "");
            int step = Math.Min(Steps - 1, kill + 1 + random.Next(2));
            while (!process.HasExited && Lines(log) < step)
                await Task.Delay(2);
            await Task.Delay(random.Next(40)); // in the middle of an update, of a state, of a line
            process.Kill(); // SIGKILL
            await process.WaitForExitAsync();
            Assert.Equal(137, process.ExitCode);
        }

        Assert.Equal(0, await Train(folder, recipe, "broken"));
        string file = Path.Combine("model", "model.safetensors");
        Assert.True(File.ReadAllBytes(Path.Combine(folder["whole"], file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder["broken"], file))));
        Assert.Equal(Steps, Lines(log));
    }

    [SkippableFact]
    public async Task Without_room_on_the_disk_it_says_so_and_keeps_earlier_states()
    {
        Skip.IfNot(File.Exists("/bin/bash"), "needs a shell that limits the size of files");
        using var folder = new TemporaryFolder();
        string recipe = WriteRecipe(folder, "", batch: 2);
        using (Process process = Start(folder, recipe, "out", "--steps 2"))
            await process.WaitForExitAsync();
        string[] states = [.. Directory.GetDirectories(Path.Combine(folder["out"], "states")).Order()];
        Assert.Equal(2, states.Length);
        Directory.Delete(states[1], recursive: true);
        byte[] kept = File.ReadAllBytes(Path.Combine(states[0], "parameters.safetensors"));

        // Files of 1 MB at most, as on a disk that is full: a state is larger. The runtime's own memory, partly a file, must not count.
        using Process limited = Start(folder, recipe, "out", "--steps 2", "export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 1000; exec \"$@\"");
        string error = await limited.StandardError.ReadToEndAsync();
        await limited.WaitForExitAsync();
        Assert.Equal(1, limited.ExitCode);
        Assert.Contains("step-000000002", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal(states[0], Assert.Single(Directory.GetDirectories(Path.Combine(folder["out"], "states"))));
        Assert.Equal(kept, File.ReadAllBytes(Path.Combine(states[0], "parameters.safetensors")));
    }

    [SkippableFact]
    public async Task Two_processes_make_the_gradients_of_one_with_twice_the_batch()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun"), "mpirun is not installed (Debian: openmpi-bin)");

        // One step of plain descent with a rate of 1: the difference of the weights is the gradient.
        const string Descent = "\"optimiser\": { \"kind\": \"sgd\", \"sgd\": { \"momentum\": 0 } }, \"clipNorm\": 0, \"weightDecay\": 0,";
        using var folder = new TemporaryFolder();
        using (Process alone = Start(folder, WriteRecipe(folder, Descent, batch: 4), "alone", "--steps 1 --learning-rate 1"))
            await alone.WaitForExitAsync();
        using Process together = Start(
            folder, WriteRecipe(folder, Descent, batch: 2), "together", "--steps 1 --learning-rate 1",
            "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; exec mpirun --oversubscribe -n 2 \"$@\"");
        string error = await together.StandardError.ReadToEndAsync();
        await together.WaitForExitAsync();
        Assert.True(together.ExitCode == 0, error);

        using Checkpoint before = Checkpoint.Load(CliRun.Nano);
        using Checkpoint one = Checkpoint.Load(Path.Combine(folder["alone"], "model"));
        using Checkpoint two = Checkpoint.Load(Path.Combine(folder["together"], "model"));
        double difference = 0;
        double norm = 0;
        foreach (Weight weight in before.Weights)
        {
            float[] start = Values(weight);
            float[] a = Values(one.Weights[weight.Name]);
            float[] b = Values(two.Weights[weight.Name]);
            if (start.Length != a.Length)
                continue; // the position table, resampled before training
            for (int i = 0; i < start.Length; i++)
            {
                difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
                norm += ((double)a[i] - start[i]) * ((double)a[i] - start[i]);
            }
        }

        // The bound of gradients against other orders of addition, as for the reference data.
        Assert.InRange(Math.Sqrt(difference / norm), 0, 1e-4);
        Assert.True(norm > 0);
    }

    private static float[] Values(Weight weight)
    {
        float[] values = new float[weight.Shape.Count];
        weight.CopyTo(0, values.Length, values);
        return values;
    }

    private static int Lines(string path)
    {
        if (!File.Exists(path))
            return 0;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Count(letter => letter == '\n');
    }

    private static string WriteRecipe(TemporaryFolder folder, string more, int batch)
    {
        string[] colours = ["red", "green", "blue", "a ring", "two", "wide"];
        File.WriteAllLines(folder["data.jsonl"], Enumerable.Range(0, 12).Select(i => string.Create(
            CultureInfo.InvariantCulture, $$"""{"image": "{{CliRun.Picture("02.png")}}", "prefix": "answer en number {{i}}", "suffix": "{{colours[i % 6]}}"}""")));
        string recipe = folder[$"recipe-{batch}.json"];
        File.WriteAllText(recipe, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "version": 1, "model": "{{CliRun.Nano}}", "data": "data.jsonl", "resolution": 56, "maxTextTokens": 24, "batchSize": {{batch}}, {{more}}
              "length": { "value": {{Steps}}, "unit": "steps" }, "schedule": { "decay": "constant" }, "learningRate": 1e-4, "saveEvery": 1, "seed": 3
            }
            """));
        return recipe;
    }

    private static async Task<int> Train(TemporaryFolder folder, string recipe, string target)
    {
        using Process process = Start(folder, recipe, target, "");
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    // Through a shell where something is to be set around the program, which it gets as its arguments.
    private static Process Start(TemporaryFolder folder, string recipe, string target, string more, string? script = null)
    {
        var start = new ProcessStartInfo(script is null ? Environment.ProcessPath! : "/bin/bash")
        {
            UseShellExecute = false,
            RedirectStandardError = script is not null,
            WorkingDirectory = folder.Path,
        };
        string[] before = script is null ? [] : ["-c", script, "bash", Environment.ProcessPath!];
        foreach (string argument in (string[])[.. before, typeof(CliApplication).Assembly.Location, "train", recipe, "--out", folder[target], "--threads", "1", "--quiet"])
            start.ArgumentList.Add(argument);
        foreach (string argument in more.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
