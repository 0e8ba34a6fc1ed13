using Microsoft.Extensions.Logging;
using PaliSharp.Generation;

namespace PaliSharp.Server.Operations;

/// <summary>Writes prompts and answers to the log, if that was asked for.</summary>
internal sealed partial class PromptLog(ServerOptions options, ILogger<PromptLog> logger)
{
    /// <summary>Writes a prompt and its answers.</summary>
    public void Write(string requestId, string? prompt, IReadOnlyList<GenerationResult> answers)
    {
        if (!options.LogPrompts)
            return;
        foreach (GenerationResult answer in answers)
            LogPrompt(logger, requestId, prompt, answer.Text);
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "{RequestId} prompt {Prompt} answer {Answer}")]
    private static partial void LogPrompt(ILogger logger, string requestId, string? prompt, string answer);
}
