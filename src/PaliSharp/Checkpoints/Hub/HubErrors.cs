namespace PaliSharp.Checkpoints.Hub;

/// <summary>Turns a hub's refusal into a message that tells what to do.</summary>
internal static class HubErrors
{
    private const string InvalidCredentials = "Invalid credentials in Authorization header";
    private const string Disabled = "Access to this resource is disabled.";

    /// <summary>Explains an answer with an error status.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="reference">What was asked for.</param>
    /// <param name="options">Who asked.</param>
    /// <param name="file">The file asked for, or null for the list of files.</param>
    /// <param name="gated">Whether the list of files called the model gated.</param>
    public static HubRequestException Explain(HubAnswer answer, ModelReference reference, HubOptions options, string? file, bool gated)
    {
        int status = (int)answer.Response.StatusCode;
        string code = answer.Header("X-Error-Code") ?? "";
        string text = Clean(answer.Header("X-Error-Message"));
        string page = $"{options.Address}/{reference.Id}";
        string said = text.Length == 0 ? "" : $" The hub says: {text}";
        bool hasToken = options.Token is not null;

        if (text == Disabled)
            return new(HubFailure.AccessDenied, $"The hub has disabled {reference.Id}.{said} See {page}.");
        if (status == 401 && hasToken && (text == InvalidCredentials || code != "RepoNotFound"))
        {
            return new(
                HubFailure.TokenInvalid,
                $"The hub does not accept the access token (HTTP 401).{said} It may be mistyped, expired or revoked: make a new one at "
                + $"{options.Address}/settings/tokens and set HF_TOKEN.");
        }

        return code switch
        {
            "GatedRepo" => Gated(reference, options, text, page),
            "RevisionNotFound" => new(
                HubFailure.RevisionNotFound,
                $"{reference.Id} has no revision '{reference.Revision}'.{said} Its branches and tags are listed at {page}/tree/main."),
            "EntryNotFound" when file is not null => NoFile(reference, file, page, said),
            "RepoNotFound" => NoRepository(reference, options, page, said),
            _ => ByStatus(answer, reference, options, file, gated, page, text, said),
        };
    }

    private static HubRequestException ByStatus(
        HubAnswer answer, ModelReference reference, HubOptions options, string? file, bool gated, string page, string text, string said)
    {
        int status = (int)answer.Response.StatusCode;
        switch (status)
        {
            case 401 or 403 when gated:
                return Gated(reference, options, text, page);
            case 401 or 404 when file is null:
                return NoRepository(reference, options, page, said);
            case 404:
                return NoFile(reference, file!, page, said);
            case 401 or 403:
                return new(
                    HubFailure.AccessDenied,
                    $"The hub denies access to {reference.Id} (HTTP {status}).{said} "
                    + (options.Token is null
                        ? $"Set HF_TOKEN to an access token from {options.Address}/settings/tokens; see {page}."
                        : $"The token may lack the permission to read this repository: see {options.Address}/settings/tokens and {page}."));
            default:
                return new(
                    status >= 500 ? HubFailure.ServerError : HubFailure.BadAnswer,
                    $"{answer.Address.Authority} answered HTTP {status} for {file ?? "the list of files"} of {reference}.{said} "
                    + "Check HF_ENDPOINT, or try again later.");
        }
    }

    // Three situations that call for three different actions.
    private static HubRequestException Gated(ModelReference reference, HubOptions options, string text, string page)
    {
        string said = text.Length == 0 ? "" : $" The hub says: {text}";
        if (options.Token is null)
        {
            return new(
                HubFailure.TokenMissing,
                $"{reference.Id} is gated and no access token is set.{said} 1. Accept its licence at {page}. 2. Make a token with read access "
                + $"at {options.Address}/settings/tokens. 3. Set HF_TOKEN to it, or store it with the Python client's login command.");
        }

        if (Mentions(text, "reject") || Mentions(text, "denied"))
            return new(HubFailure.AccessDenied, $"{reference.Id} is gated and the request for access was denied.{said} See {page}.");
        if (Mentions(text, "await") || Mentions(text, "pending") || Mentions(text, "review"))
        {
            return new(
                HubFailure.AccessPending,
                $"{reference.Id} is gated and the request for access waits for its authors.{said} Its state is shown at {page}.");
        }

        if (Mentions(text, "fine-grained"))
        {
            return new(
                HubFailure.AccessDenied,
                $"{reference.Id} is gated and the access token may not read gated models.{said} Allow it at {options.Address}/settings/tokens, "
                + $"then see {page}.");
        }

        return new(
            HubFailure.LicenceNotAccepted,
            $"{reference.Id} is gated and the owner of the access token has not accepted its licence.{said} Open {page} with the account that the "
            + "token belongs to, accept the licence, and pull again.");
    }

    private static HubRequestException NoRepository(ModelReference reference, HubOptions options, string page, string said) => new(
        HubFailure.RepositoryNotFound,
        $"{options.Address} has no model {reference.Id}, or it is private and "
        + (options.Token is null ? "no access token is set" : "the access token may not read it")
        + $".{said} Check the spelling at {page}"
        + (options.Token is null
            ? "; for a private model set HF_TOKEN."
            : $"; for a private model check the token at {options.Address}/settings/tokens."));

    private static HubRequestException NoFile(ModelReference reference, string file, string page, string said) => new(
        HubFailure.FileNotFound,
        $"{reference} lists the file '{file}' but the hub does not have it.{said} See {page}, or try again later.");

    private static bool Mentions(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);

    // The text goes to a terminal: no control characters, no flood.
    private static string Clean(string? text)
        => text is null ? "" : ModelReference.Shorten(new string([.. text.Where(c => !char.IsControl(c))]).Trim());
}
