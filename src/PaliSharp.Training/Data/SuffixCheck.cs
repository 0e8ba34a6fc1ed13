namespace PaliSharp.Training.Data;

/// <summary>Makes sure before a training starts that there is something to learn.</summary>
internal static class SuffixCheck
{
    /// <summary>Looks for the first item with a suffix.</summary>
    /// <param name="path">The data, for messages.</param>
    /// <param name="count">The number of items.</param>
    /// <param name="suffix">Reads an item's suffix.</param>
    /// <exception cref="RecipeException">There is none.</exception>
    public static void Require(string path, int count, Func<int, string> suffix)
    {
        if (count == 0)
            throw new RecipeException($"'{path}' holds no example.");
        string? problem = null;
        for (int i = 0; i < count; i++)
        {
            try
            {
                if (!string.IsNullOrWhiteSpace(suffix(i)))
                    return;
                problem ??= "its suffix is empty";
            }
            catch (BadItemException e)
            {
                problem ??= e.Message;
            }
        }

        throw new RecipeException($"None of the {count} items of '{path}' has a suffix, so there is nothing to learn. The first: {problem} Give "
            + "each item a suffix.");
    }
}
