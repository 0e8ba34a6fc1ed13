using PaliSharp.Bench;
using PaliSharp.Bench.Kernels;
using PaliSharp.Bench.Pictures;
using PaliSharp.Tensors.Cpu;

Verb[] verbs =
[
    new("peaks", "multiply-add rate of each instruction path, read bandwidth", PeaksBench.Run),
    new("matmul", "products of many rows, against the multiply-add rate", MatMulBench.RunManyRows),
    new("decode", "products of a few rows, against the read bandwidth", MatMulBench.RunFewRows),
    new("kernels", "single operations under BenchmarkDotNet: time, deviation, allocation (--only)", KernelBenchmarks.Run),
    new("team", "the cost of handing work to the thread team", ThreadTeamBench.Run),
    new("batch", "64 mixed items one by one, by 8 clients, all at once (--rows: the most together; --model)", options => BatchBench.RunAsync(options).GetAwaiter().GetResult()),
    new("mixed", "16 scenes with four tasks each, as 64 calls one by one and as one call (--rows: the most together; --model)", options => MixedBench.RunAsync(options).GetAwaiter().GetResult()),
    new("serve", "64 questions over HTTP on this machine, from 1, 8 and 16 clients (--rows: the most together; --model; --only: one of the loads)", options => ServeBench.RunAsync(options).GetAwaiter().GetResult()),
    new("passes", "one pass for several sequences together: pictures, prompts, tokens (--model, --rows)", PassBench.Run),
    new("imaging", "decoding, encoding and scaling pictures, against the system's libraries (--python with Pillow, --folder with photos)", PicturesBench.Run),
    new("contact-sheet", "draws results on pictures of many sizes (--out, default docs/images/contact-sheet.jpg)", ContactSheet.Write),
    new("train-step", "a whole training step of the shapes nano, small, medium (--shape, --batch, --text)", TrainStepBench.Run),
    new("quality", "what quantised weights change: --model and --folder with expected.json and pictures, or --variant for full geometry by formula", QualityBench.Run),
    new("synthetic", "writes a checkpoint of full geometry with weights by formula (--variant, --type, --folder)", SyntheticBench.Write),
    new("mapped", "opens a checkpoint or quantised file (--model, --type) and times the way to a prefill of --rows tokens and 4 more", MappedBench.Run),
    new("check", "compares full geometry with recorded values (--folder holds VARIANT.json and VARIANT.safetensors)", SyntheticBench.Check),
];

if (!BenchOptions.TryParse(args, out BenchOptions options, out string message))
    return Usage(message);
return Array.Find(verbs, verb => verb.Name == options.Verb) is { } chosen
    ? chosen.Run(options) ? 0 : 1
    : Usage($"There is no measurement '{options.Verb}'.");

int Usage(string problem)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine($"""
        Usage: PaliSharp.Bench VERB [options]
        {string.Join(Environment.NewLine, verbs.Select(verb => $"  {verb.Name,-13} {verb.Description}"))}
        Options:
          --variant V   a released size such as paligemma2-3b-224
          --model M     a checkpoint (default: the demonstration model)
          --folder F    where to write, or the reference data
          --threads N   threads (default: one per processor)
          --path P      {string.Join(", ", Enum.GetNames<InstructionPath>())} (default: Auto)
          --type T      Float32, BFloat16, Float16, Int8 or Int4 (default: all)
          --rows N      rows of x (default: a choice)
          --repeats N   measurements of which the median is reported (default: 7)
          --python P    the interpreter that has the peers (default: /usr/bin/python3)
          --out F       the file to write
          --only TEXT   only the measurements whose name contains the text
          --shape S     nano, small or medium (default: small)
          --batch N     examples of a training step (default: 4)
          --text N      text tokens of an example (default: 32)
          --json        one JSON object a line
        """);
    return 2;
}
