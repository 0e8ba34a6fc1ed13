using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace PaliSharp.Cli.Options;

/// <summary>A verb that shows how it is used.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples => examples;
}

/// <summary>Adds examples to the help of verbs, and the version of this program rather than of whatever hosts it.</summary>
internal static class HelpText
{
    /// <summary>Changes the help and version options of a root command.</summary>
    public static void Extend(RootCommand root)
    {
        root.HelpName = "palisharp";
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: SynchronousCommandLineAction help })
                option.Action = new HelpWithExamples(help);
            else if (option is VersionOption)
                option.Action = new ShowVersion();
        }
    }

    private sealed class HelpWithExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is Verb verb)
            {
                TextWriter output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Examples:");
                foreach (string example in verb.Examples)
                    output.WriteLine($"  {example}");
                output.WriteLine();
            }

            return code;
        }
    }

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(HelpText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            parseResult.InvocationConfiguration.Output.WriteLine(version.Split('+')[0]);
            return ExitCode.Success;
        }
    }
}
