using PaliSharp.Segmentation;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>Grammars for answers: with one of them as <see cref="GenerationOptions.Constraint"/> an answer always parses.</summary>
/// <remarks>They are data, made once for a tokenizer and used by any number of requests at once.</remarks>
public static class TokenConstraints
{
    /// <summary>The most objects of a detection or segmentation grammar.</summary>
    public const int MaximumObjects = 1000;

    private const int FreeLabelTokens = 24;

    /// <summary>Boxes with labels: <c>&lt;loc&gt;×4 label ; …</c>, with max &gt; min on both axes. The answer may be empty.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="labels">What labels may be; none for any text, even no label.</param>
    /// <param name="maxObjects">The most boxes, 1 to <see cref="MaximumObjects"/>.</param>
    /// <exception cref="PromptException">The tokenizer has no location tokens, or a label is empty or holds ';'.</exception>
    public static ITokenConstraint Detection(Tokenizer tokenizer, IReadOnlyList<string>? labels = null, int maxObjects = 50) =>
        Objects(tokenizer, labels, maxObjects, hasMasks: false).Grammar;

    /// <summary>Boxes with masks and labels: <c>&lt;loc&gt;×4 &lt;seg&gt;×16 label ; …</c>, with max &gt; min on both axes. The answer may be empty.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="labels">What labels may be; none for any text, even no label.</param>
    /// <param name="maxObjects">The most objects, 1 to <see cref="MaximumObjects"/>.</param>
    /// <exception cref="PromptException">The tokenizer lacks location or segmentation tokens, or a label is empty or holds ';'.</exception>
    public static ITokenConstraint Segmentation(Tokenizer tokenizer, IReadOnlyList<string>? labels = null, int maxObjects = 20) =>
        Objects(tokenizer, labels, maxObjects, hasMasks: true).Grammar;

    /// <summary>One of some texts.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="texts">The texts; at least one, none empty.</param>
    /// <exception cref="PromptException">There is no text, or one is empty.</exception>
    public static ITokenConstraint OneOf(Tokenizer tokenizer, IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new PromptException("There is no text to choose from. Give at least one.");
        var trie = new TokenTrie(tokenizer.EosId);
        foreach (string text in texts)
            trie.Add(string.IsNullOrEmpty(text) ? throw new PromptException("One of the texts to choose from is empty. Leave it out.") : tokenizer.Encode(text));
        return trie;
    }

    /// <summary><c>yes</c> or <c>no</c>.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public static ITokenConstraint YesNo(Tokenizer tokenizer) => OneOf(tokenizer, ["yes", "no"]);

    /// <summary>A whole number without leading zeros.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxDigits">The most digits, 1 to 18.</param>
    /// <param name="allowNegative">Whether a minus sign may stand before it.</param>
    /// <param name="maxTokens">The limit on tokens within which the number must end; null for none.</param>
    public static ITokenConstraint Integer(Tokenizer tokenizer, int maxDigits = 9, bool allowNegative = false, int? maxTokens = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDigits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxDigits, 18);
        string positive = $"[1-9][0-9]{{0,{maxDigits - 1}}}";
        return Pattern(tokenizer, allowNegative ? $"0|-?{positive}" : $"0|{positive}", maxTokens);
    }

    /// <summary>Text that matches a regular expression from its first to its last character.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="pattern">
    /// Characters, <c>.</c> (any but a newline), classes such as <c>[a-z_]</c> and <c>[^0-9]</c>, <c>\d \w \s</c> (ASCII) and their opposites
    /// <c>\D \W \S</c>, <c>\n \r \t \xHH \uHHHH</c>, groups <c>(…)</c>, <c>|</c>, <c>* + ? {n} {n,} {n,m}</c>. There are no anchors,
    /// back-references or look-arounds.
    /// </param>
    /// <param name="maxTokens">
    /// The limit on tokens (<see cref="GenerationOptions.MaxNewTokens"/>) within which the text must end: near it only what can still be
    /// completed is allowed. Null for none: a text may then be cut.
    /// </param>
    /// <exception cref="PromptException">The pattern is malformed, uses what is not listed, matches nothing, or nothing that fits the limit.</exception>
    /// <exception cref="ResourceLimitException">The pattern needs too many states.</exception>
    public static ITokenConstraint Pattern(Tokenizer tokenizer, string pattern, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(pattern);
        return new TextGrammar(tokenizer, TextAutomaton.Compile(pattern), maxTokens);
    }

    /// <summary>JSON that a schema describes, on one line; after a colon or comma one space may stand.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="schema">
    /// A JSON Schema of this subset: <c>type</c> (one or several of object, array, string, integer, number, boolean, null); <c>enum</c> and
    /// <c>const</c> of strings, numbers, booleans and null; for objects <c>properties</c> and <c>required</c>, written in the order in which they
    /// stand, and <c>additionalProperties</c> as false, which is also meant without it; for arrays <c>items</c>, <c>minItems</c>, <c>maxItems</c>;
    /// for strings <c>pattern</c> (see <see cref="Pattern"/>; always for the whole string, with or without ^ and $), <c>minLength</c>, <c>maxLength</c>.
    /// <c>title</c>, <c>description</c>, <c>default</c>, <c>examples</c>, <c>$schema</c>, <c>$id</c> and <c>$comment</c> are ignored. Anything else is refused by name. At most
    /// eight levels. Numbers have at most 15 digits before and after the point and no exponent.
    /// </param>
    /// <param name="maxTokens">The limit on tokens within which the text must end, as for <see cref="Pattern"/>.</param>
    /// <exception cref="PromptException">The schema is malformed, uses what is not listed, or allows nothing that fits the limit.</exception>
    /// <exception cref="ResourceLimitException">The schema needs too many states, for example for long counted strings.</exception>
    public static ITokenConstraint JsonSchema(Tokenizer tokenizer, string schema, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(schema);
        return new TextGrammar(tokenizer, TextAutomaton.Compile(JsonSchemaCompiler.Compile(schema)), maxTokens);
    }

    /// <summary>A grammar of objects, and the most tokens an object of it takes.</summary>
    internal static (ObjectGrammar Grammar, int TokensPerObject) Objects(Tokenizer tokenizer, IReadOnlyList<string>? labels, int maxObjects, bool hasMasks)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxObjects, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxObjects, MaximumObjects);
        if (tokenizer.LocationCount < 2)
            throw new PromptException("The model's tokenizer has no <loc> tokens, so it cannot detect. Use a PaliGemma checkpoint with its own tokenizer.");
        if (hasMasks && tokenizer.SegmentationCount != MaskCodec.CodebookSize)
            throw new PromptException($"The model's tokenizer has {tokenizer.SegmentationCount} <seg> tokens; {MaskCodec.CodebookSize} are needed to segment. Use a PaliGemma checkpoint with its own tokenizer.");
        LabelGrammar Labels(bool isLast) => labels is { Count: > 0 }
            ? LabelGrammar.OneOf(tokenizer, [.. labels.Select(CheckLabel)], isLast)
            : LabelGrammar.Free(tokenizer, FreeLabelTokens, isLast);
        LabelGrammar between = Labels(isLast: false);
        var grammar = new ObjectGrammar(tokenizer, hasMasks, between, Labels(isLast: true), maxObjects);
        return (grammar, Tasks.ObjectTokens.LocationsPerObject + (hasMasks ? MaskCodec.CodesPerMask : 0) + between.MaxTokens);
    }

    private static string CheckLabel(string label) => string.IsNullOrWhiteSpace(label) || label.AsSpan().ContainsAny(";\n")
        ? throw new PromptException($"'{label}' cannot be a label: labels are not empty and hold neither ';' nor a newline.")
        : label;
}
