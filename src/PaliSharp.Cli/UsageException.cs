namespace PaliSharp.Cli;

/// <summary>The arguments make no sense together, which the parser alone could not see.</summary>
internal sealed class UsageException(string message) : Exception(message);
