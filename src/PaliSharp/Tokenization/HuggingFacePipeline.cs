using System.Text.Json;

namespace PaliSharp.Tokenization;

/// <summary>
/// Checks the steps around the model in <c>tokenizer.json</c>. What they do is fixed in code, so a file that asks for anything else is refused.
/// </summary>
internal static class HuggingFacePipeline
{
    /// <summary>Reads the normalizer and refuses all but the replacement of spaces by U+2581.</summary>
    /// <exception cref="CheckpointException">It is another one.</exception>
    public static void CheckNormalizer(ref JsonCursor json)
    {
        (string? type, string? pattern, string? content, _) = ReadStep(ref json, "normalizers", out int steps);
        if (steps != 1 || type != "Replace" || pattern != " " || content != Tokenizer.SpaceMarkerText)
            throw json.Error($"the normalizer is {Described(type, pattern, content, steps)}; expected one 'Replace' of ' ' by U+2581");
    }

    /// <summary>Reads the pre-tokenizer and refuses all that do something.</summary>
    /// <exception cref="CheckpointException">It would change ids.</exception>
    public static void CheckPreTokenizer(ref JsonCursor json)
    {
        // After normalisation there is no space left, so a split at spaces does nothing.
        (string? type, string? pattern, string? content, _) = ReadStep(ref json, "pretokenizers", out int steps);
        if (steps != 0 && (steps != 1 || type != "Split" || pattern != " "))
            throw json.Error($"the pre-tokenizer is {Described(type, pattern, content, steps)}; expected none, or a 'Split' at ' '");
    }

    private static string Described(string? type, string? pattern, string? content, int steps) => steps switch
    {
        0 => "null",
        1 => $"'{type}' of '{pattern ?? "?"}'" + (content is null ? "" : $" by '{content}'"),
        _ => $"a sequence of {steps} steps",
    };

    /// <summary>Reads one normalizer or pre-tokenizer, looking through a sequence of one.</summary>
    private static (string? Type, string? Pattern, string? Content, bool Any) ReadStep(ref JsonCursor json, string sequenceProperty, out int steps)
    {
        steps = 0;
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
            return default;
        if (json.TokenType != JsonTokenType.StartObject)
            throw json.Error($"found a {json.TokenType}; expected an object or null");
        string? type = null;
        string? pattern = null;
        string? content = null;
        (string? Type, string? Pattern, string? Content, bool Any) inner = default;
        int innerSteps = 0;
        while (json.NextProperty(out string name))
        {
            if (name == "type")
            {
                type = json.ReadOptionalString();
            }
            else if (name == "content")
            {
                content = json.ReadOptionalString();
            }
            else if (name == "pattern")
            {
                pattern = ReadPattern(ref json);
            }
            else if (name == sequenceProperty)
            {
                json.Expect(JsonTokenType.StartArray, $"an array for '{name}'");
                while (json.MoreItems())
                {
                    inner = ReadStep(ref json, sequenceProperty, out int count);
                    innerSteps += count;
                }

                json.Read();
            }
            else
            {
                json.SkipValue();
            }
        }

        if (type == "Sequence")
        {
            steps = innerSteps;
            return inner;
        }

        steps = 1;
        return (type, pattern, content, true);
    }

    /// <summary>Reads the decoder and refuses steps that Gemma's has not.</summary>
    /// <exception cref="CheckpointException">It has another step.</exception>
    public static void CheckDecoder(ref JsonCursor json) => ReadDecoder(ref json, insideSequence: false);

    private static void ReadDecoder(ref JsonCursor json, bool insideSequence)
    {
        const string Expected = "expected a sequence of 'Replace' (U+2581 by a space), 'ByteFallback' and 'Fuse'";
        json.Read();
        if (json.TokenType == JsonTokenType.Null && !insideSequence)
            return;
        if (json.TokenType != JsonTokenType.StartObject)
            throw json.Error($"the decoder is a {json.TokenType}; {Expected}");
        string? type = null;
        string? pattern = null;
        string? content = null;
        while (json.NextProperty(out string name))
        {
            switch (name)
            {
                case "type":
                    type = json.ReadOptionalString();
                    break;
                case "pattern":
                    pattern = ReadPattern(ref json);
                    break;
                case "content":
                    content = json.ReadOptionalString();
                    break;
                case "decoders" when !insideSequence:
                    json.Expect(JsonTokenType.StartArray, "an array for 'decoders'");
                    while (json.MoreItems())
                        ReadDecoder(ref json, insideSequence: true);
                    json.Read();
                    break;
                default:
                    json.SkipValue();
                    break;
            }
        }

        bool known = type is "ByteFallback" or "Fuse"
            || (type == "Sequence" && !insideSequence)
            || (type == "Replace" && pattern == Tokenizer.SpaceMarkerText && content == " ");
        if (!known)
            throw json.Error($"the decoder has a step '{type}'; {Expected}");
    }

    private static string? ReadPattern(ref JsonCursor json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        string? pattern = null;
        while (json.NextProperty(out string name))
        {
            if (name == "String")
                pattern = json.ReadOptionalString();
            else
                json.SkipValue();
        }

        return pattern;
    }
}
