namespace PaliSharp.Checkpoints.Hub;

/// <summary>Why the hub, or the way to it, failed a request.</summary>
public enum HubFailure
{
    /// <summary>An environment variable or option cannot be used.</summary>
    Configuration,

    /// <summary>There is no such repository, or it is private and no token was given.</summary>
    RepositoryNotFound,

    /// <summary>The repository has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>The repository holds nothing of use, or lacks a file that it lists.</summary>
    FileNotFound,

    /// <summary>The model is gated and no token was given.</summary>
    TokenMissing,

    /// <summary>The hub does not accept the token.</summary>
    TokenInvalid,

    /// <summary>The model is gated and the token's owner has not accepted its licence yet.</summary>
    LicenceNotAccepted,

    /// <summary>The request for access to a gated model waits for its authors.</summary>
    AccessPending,

    /// <summary>Access was refused: by the model's authors, by the token's permissions or by the hub.</summary>
    AccessDenied,

    /// <summary>Only the cache may be used, and it does not hold the model.</summary>
    Offline,

    /// <summary>The hub cannot be reached, or the connection broke again and again.</summary>
    Network,

    /// <summary>The hub asks for fewer requests.</summary>
    RateLimited,

    /// <summary>The hub answered with an error of its own.</summary>
    ServerError,

    /// <summary>The hub's answer breaks the protocol or is not safe to follow.</summary>
    BadAnswer,

    /// <summary>What arrived is not what was announced: wrong size or wrong hash.</summary>
    Corrupt,

    /// <summary>The cache folder cannot be read or written.</summary>
    Storage,
}

/// <summary>A hub request failed for a known reason.</summary>
/// <param name="failure">The reason.</param>
/// <param name="message">What was found, what was expected, and what to do.</param>
/// <param name="innerException">The cause, if another exception was.</param>
public class HubRequestException(HubFailure failure, string message, Exception? innerException = null)
    : HubException(message, innerException)
{
    /// <summary>The reason, for programs that react differently to different ones.</summary>
    public HubFailure Failure { get; } = failure;
}

/// <summary>A failure that may pass: the request is worth repeating.</summary>
internal sealed class TransientHubException(HubFailure failure, string message, Exception? innerException = null)
    : HubRequestException(failure, message, innerException)
{
    /// <summary>The pause that the hub asked for.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the hub never answered at all: then it is most likely not there, and long patience helps nobody.</summary>
    public bool NeverReached { get; init; }
}
