namespace PaliSharp.Training;

/// <summary>A recipe, or what it asks for, is not possible: an unknown field, a number out of range, data without a usable example.</summary>
public class RecipeException(string message, Exception? innerException = null)
    : PaliSharpException(message, innerException);
