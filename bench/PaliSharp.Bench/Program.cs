using PaliSharp.Bench;
using PaliSharp.Bench.Pictures;
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
        case "imaging":
            PicturesBench.Run(options);
            return 0;
        case "batch":
            BatchBench.RunAsync(options).GetAwaiter().GetResult();
            return 0;
        case "serve":
            ServeBench.RunAsync(options).GetAwaiter().GetResult();
            return 0;
        case "passes":
            PassBench.Run(options);
            return 0;
        case "contact-sheet":
            ContactSheet.Write(options);
            return 0;
        case "train-step":
            TrainStepBench.Run(options);
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
          batch     64 mixed items one by one, by 8 clients, all at once (--rows: the most together; --model)
          serve     64 questions over HTTP on this machine, from 1, 8 and 16 clients (--rows: the most together; --model; --only: one of the loads)
          passes    one pass for several sequences together: pictures, prompts, tokens (--model, --rows)
          imaging   decoding, encoding and scaling pictures, against the system's libraries (--python with Pillow, --folder with photos)
          contact-sheet  draws results on pictures of many sizes (--out, default docs/images/contact-sheet.jpg)
          train-step  a whole training step of the shapes nano, small, medium (--shape, --batch, --text)
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
