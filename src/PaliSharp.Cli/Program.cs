using PaliSharp.Cli;

return await CliApplication.RunAsync(args, CliHost.ForProcess());
