using PaliSharp.Bench;
using PaliSharp.Tensors.Cpu;

return BenchOptions.TryParse(args, out BenchOptions options, out string message)
    ? Run(options)
    : Usage(message);

static int Run(BenchOptions options)
{
    switch (options.Verb)
    {
        case "peaks":
            PeaksBench.Run(options);
            return 0;
        case "matmul":
            MatMulBench.RunManyRows(options);
            return 0;
        case "decode":
            MatMulBench.RunFewRows(options);
            return 0;
        case "team":
            ThreadTeamBench.Run(options);
            return 0;
        case "quality":
            QualityBench.Run(options);
            return 0;
        case "synthetic":
            SyntheticBench.Write(options);
            return 0;
        case "mapped":
            MappedBench.Run(options);
            return 0;
        case "check":
            return SyntheticBench.Check(options) ? 0 : 1;
        default:
            return Usage($"There is no measurement '{options.Verb}'.");
    }
}

static int Usage(string message)
{
    Console.Error.WriteLine(message);
    Console.Error.WriteLine($"""
        Usage: PaliSharp.Bench VERB [options]
          peaks     multiply-add rate of each instruction path, read bandwidth
          matmul    products of many rows, against the multiply-add rate
          decode    products of a few rows, against the read bandwidth
          team      the cost of handing work to the thread team
          quality   what quantised weights change: --model and --folder with expected.json and pictures, or --variant for full geometry by formula
          synthetic writes a checkpoint of full geometry with weights by formula (--variant, --type, --folder)
          mapped    opens a checkpoint or quantised file (--model, --type) and times the way to a prefill of --rows tokens and 4 more
          check     compares full geometry with recorded values (--folder holds VARIANT.json and VARIANT.safetensors)
        Options:
          --variant V   a released size such as paligemma2-3b-224
          --model M     a checkpoint (default: the demonstration model)
          --folder F    where to write, or the reference data
          --threads N   threads (default: one per processor)
          --path P      {string.Join(", ", Enum.GetNames<InstructionPath>())} (default: Auto)
          --type T      Float32, BFloat16, Float16, Int8 or Int4 (default: all)
          --rows N      rows of x (default: a choice)
          --repeats N   measurements of which the median is reported (default: 7)
          --json        one JSON object a line
        """);
    return 2;
}
