namespace PaliSharp.Cli.Input;

/// <summary>A file with a JSON schema.</summary>
internal static class SchemaFile
{
    // Four times what the grammar compiler takes, so that its own message, with numbers, comes first.
    private const int MostCharacters = 4 << 20;

    /// <summary>Reads the file, however large it claims to be, in bounded memory.</summary>
    /// <exception cref="UsageException">The file is too long to be a schema.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string Read(FileInfo file)
    {
        using var reader = new StreamReader(file.FullName);
        char[] buffer = new char[MostCharacters + 1];
        int length = reader.ReadBlock(buffer);
        return length <= MostCharacters
            ? new string(buffer, 0, length)
            : throw new UsageException($"--schema {file}: the file has more than {MostCharacters} characters. Name a file that holds a JSON schema.");
    }
}
