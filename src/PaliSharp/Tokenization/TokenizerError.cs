namespace PaliSharp.Tokenization;

/// <summary>Builds the messages of malformed tokenizer files.</summary>
internal static class TokenizerError
{
    /// <summary>An error at a byte of a file.</summary>
    /// <param name="file">The file's name.</param>
    /// <param name="offset">The byte's offset.</param>
    /// <param name="what">What was found and expected, without a full stop.</param>
    /// <param name="inner">The cause.</param>
    public static CheckpointException At(string file, long offset, string what, Exception? inner = null) =>
        new($"'{file}', byte {offset}: {what}. Fetch the file again or take it from the original checkpoint.", inner);
}
