using System.Text;
using System.Text.Json;

namespace PaliSharp.Generation;

/// <summary>Turns the subset of JSON Schema of <see cref="TokenConstraints.JsonSchema"/> into a graph over bytes.</summary>
internal sealed class JsonSchemaCompiler
{
    private const int MaximumDepth = 8;
    private const int MaximumProperties = 64;
    private const int MaximumCount = 1000;
    private const int MaximumLength = 1 << 20;

    private static readonly string[] Annotations = ["title", "description", "default", "examples", "$schema", "$id", "$comment"];
    private static readonly string[] Types = ["object", "array", "string", "integer", "number", "boolean", "null"];
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 64 };

    private readonly PatternGraph _graph = new();

    /// <summary>Compiles a schema.</summary>
    /// <exception cref="PromptException">It is malformed or uses what is not supported.</exception>
    /// <exception cref="ResourceLimitException">It needs too many states.</exception>
    public static PatternGraph Compile(string schema)
    {
        if (schema.Length > MaximumLength)
            throw new ResourceLimitException($"The schema has {schema.Length} characters; at most {MaximumLength} are read.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema, Reading);
            var compiler = new JsonSchemaCompiler();
            compiler._graph.Complete(compiler.Value(document.RootElement, "#", 0));
            return compiler._graph;
        }
        catch (JsonException exception)
        {
            throw new PromptException($"The schema is no JSON: {exception.Message}", exception);
        }
    }

    private PatternPart Value(JsonElement schema, string path, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            throw Bad(path, $"is {schema.ValueKind}; a schema is an object");
        if (depth > MaximumDepth)
            throw Bad(path, $"is nested deeper than {MaximumDepth} levels");
        if (schema.TryGetProperty("enum", out JsonElement values))
            return Only(schema, path, ["enum", "type"], () => OneOf(values, path));
        if (schema.TryGetProperty("const", out JsonElement value))
            return Only(schema, path, ["const", "type"], () => Literal(value, path));
        string[] types = TypesOf(schema, path);
        CheckKeywords(schema, path, types);
        PatternPart? part = null;
        foreach (string type in types)
        {
            PatternPart next = OfType(type, schema, path, depth);
            part = part is { } before ? _graph.Either(before, next) : next;
        }

        return part!.Value;
    }

    private PatternPart OfType(string type, JsonElement schema, string path, int depth) => type switch
    {
        "object" => Object(schema, path, depth),
        "array" => Array(schema, path, depth),
        "string" => String(schema, path),
        "integer" => PatternParser.Parse("0|-?[1-9][0-9]{0,14}", _graph, _graph.Characters),
        "number" => PatternParser.Parse("-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,15})?", _graph, _graph.Characters),
        "boolean" => _graph.Either(_graph.Text("true"), _graph.Text("false")),
        _ => _graph.Text("null"),
    };

    private static string[] TypesOf(JsonElement schema, string path)
    {
        if (!schema.TryGetProperty("type", out JsonElement type))
            throw Bad(path, "has no 'type'");
        string[] types = type.ValueKind switch
        {
            JsonValueKind.String => [type.GetString()!],
            JsonValueKind.Array when type.GetArrayLength() > 0 => [.. type.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : string.Empty)],
            _ => [string.Empty],
        };
        foreach (string name in types)
        {
            if (!Types.Contains(name))
                throw Bad(path, $"has the type '{Checkpoints.Problems.Shorten(name)}'; supported are {string.Join(", ", Types)}");
        }

        return [.. types.Distinct()];
    }

    private static void CheckKeywords(JsonElement schema, string path, string[] types)
    {
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            string? owner = keyword.Name switch
            {
                "properties" or "required" or "additionalProperties" => "object",
                "items" or "minItems" or "maxItems" => "array",
                "pattern" or "minLength" or "maxLength" => "string",
                _ => null,
            };
            bool isKnown = keyword.Name == "type" || Annotations.Contains(keyword.Name) || (owner is not null && types.Contains(owner));
            if (!isKnown)
                throw Bad(path, $"uses '{Checkpoints.Problems.Shorten(keyword.Name)}', which is not supported for {string.Join(" or ", types)}");
        }
    }

    private static PatternPart Only(JsonElement schema, string path, string[] allowed, Func<PatternPart> part)
    {
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!allowed.Contains(keyword.Name) && !Annotations.Contains(keyword.Name))
                throw Bad(path, $"uses '{Checkpoints.Problems.Shorten(keyword.Name)}', which is not supported beside '{allowed[0]}'");
        }

        return part();
    }

    private PatternPart OneOf(JsonElement values, string path)
    {
        if (values.ValueKind != JsonValueKind.Array || values.GetArrayLength() == 0)
            throw Bad(path, "has an 'enum' that is no list of values");
        PatternPart? part = null;
        foreach (JsonElement value in values.EnumerateArray())
        {
            PatternPart next = Literal(value, path);
            part = part is { } before ? _graph.Either(before, next) : next;
        }

        return part!.Value;
    }

    private PatternPart Literal(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.String => _graph.Then(_graph.Then(_graph.Text("\""), Escaped(Text(value, path))), _graph.Text("\"")),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => _graph.Text(value.GetRawText()),
        _ => throw Bad(path, "lists an object or array as a value; only strings, numbers, booleans and null are supported"),
    };

    private static string Text(JsonElement value, string path)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Bad(path, "holds half a character");
        }
    }

    private PatternPart Escaped(string text)
    {
        PatternPart part = _graph.Nothing();
        foreach (Rune rune in text.EnumerateRunes())
            part = _graph.Then(part, Character(CodePointSet.Single(rune.Value)));
        return part;
    }

    private PatternPart Object(JsonElement schema, string path, int depth)
    {
        if (schema.TryGetProperty("additionalProperties", out JsonElement additional) && additional.ValueKind != JsonValueKind.False)
            throw Bad(path, "allows additional properties; only 'additionalProperties': false is supported");
        JsonProperty[] properties = schema.TryGetProperty("properties", out JsonElement named)
            ? named.ValueKind == JsonValueKind.Object ? [.. named.EnumerateObject()] : throw Bad(path, "has 'properties' that are no object")
            : [];
        if (properties.Length > MaximumProperties)
            throw Bad(path, $"has {properties.Length} properties; at most {MaximumProperties} are supported");
        HashSet<string> required = Required(schema, properties, path);

        // Two rows of states: without a property before, and with one, after which a comma stands.
        int opened = _graph.AddState();
        int without = opened;
        int with = _graph.AddState();
        foreach (JsonProperty property in properties)
        {
            PatternPart item = Property(property, $"{path}/properties/{property.Name}", depth);
            int nextWithout = _graph.AddState();
            int nextWith = _graph.AddState();
            PatternPart comma = Comma();
            _graph.Connect(without, item.Entry);
            _graph.Connect(with, comma.Entry);
            _graph.Connect(comma.Exit, item.Entry);
            _graph.Connect(item.Exit, nextWith);
            if (!required.Contains(property.Name))
            {
                _graph.Connect(without, nextWithout);
                _graph.Connect(with, nextWith);
            }

            (without, with) = (nextWithout, nextWith);
        }

        PatternPart close = _graph.Text("}");
        _graph.Connect(without, close.Entry);
        _graph.Connect(with, close.Entry);
        return _graph.Then(_graph.Text("{"), new PatternPart(opened, close.Exit));
    }

    private static HashSet<string> Required(JsonElement schema, JsonProperty[] properties, string path)
    {
        var required = new HashSet<string>();
        if (!schema.TryGetProperty("required", out JsonElement names))
            return required;
        if (names.ValueKind != JsonValueKind.Array)
            throw Bad(path, "has a 'required' that is no list of names");
        foreach (JsonElement name in names.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String || !properties.Any(property => property.NameEquals(Text(name, path))))
                throw Bad(path, $"requires '{Checkpoints.Problems.Shorten(name.ToString())}', which is none of its properties");
            required.Add(Text(name, path));
        }

        return required;
    }

    private PatternPart Property(JsonProperty property, string path, int depth)
    {
        PatternPart name = _graph.Then(_graph.Then(_graph.Text("\""), Escaped(property.Name)), _graph.Text("\":"));
        return _graph.Then(_graph.Then(name, Space()), Value(property.Value, path, depth + 1));
    }

    private PatternPart Array(JsonElement schema, string path, int depth)
    {
        if (!schema.TryGetProperty("items", out JsonElement items))
            throw Bad(path, "is an array without 'items'");
        int least = Count(schema, "minItems", path) ?? 0;
        int? most = Count(schema, "maxItems", path);
        if (most < least)
            throw Bad(path, $"wants at least {least} and at most {most} items");
        PatternPart Item() => Value(items, $"{path}/items", depth + 1);
        PatternPart AfterComma() => _graph.Then(Comma(), Item());
        PatternPart list = most == 0 ? _graph.Nothing() : _graph.Then(Item(), _graph.Repeat(AfterComma, Math.Max(least - 1, 0), most - 1));
        if (least == 0 && most != 0)
            list = _graph.Optional(list);
        return _graph.Then(_graph.Then(_graph.Text("["), list), _graph.Text("]"));
    }

    private PatternPart String(JsonElement schema, string path)
    {
        int least = Count(schema, "minLength", path) ?? 0;
        int? most = Count(schema, "maxLength", path);
        if (most < least)
            throw Bad(path, $"wants at least {least} and at most {most} characters");
        PatternPart content;
        if (!schema.TryGetProperty("pattern", out JsonElement pattern))
        {
            content = _graph.Repeat(() => Character(CodePointSet.Empty.Complement()), least, most);
        }
        else if (pattern.ValueKind != JsonValueKind.String || most is not null || least > 0)
        {
            throw Bad(path, "has a 'pattern' that is no text, or one beside a length; state the length in the pattern");
        }
        else
        {
            string text = Text(pattern, path);
            int start = text.StartsWith('^') ? 1 : 0;
            int end = text.EndsWith('$') && !text.EndsWith("\\$", StringComparison.Ordinal) ? 1 : 0;
            content = PatternParser.Parse(text[start..(text.Length - end)], _graph, Character);
        }

        return _graph.Then(_graph.Then(_graph.Text("\""), content), _graph.Text("\""));
    }

    private static int? Count(JsonElement schema, string keyword, string path)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count is >= 0 and <= MaximumCount
            ? count
            : throw Bad(path, $"has a '{keyword}' that is no whole number of 0 to {MaximumCount}");
    }

    private PatternPart Comma() => _graph.Then(_graph.Text(","), Space());

    private PatternPart Space() => _graph.Optional(_graph.Text(" "));

    /// <summary>One character of a set as it stands in a JSON string. Control characters other than newline and tab cannot be written.</summary>
    private PatternPart Character(CodePointSet set)
    {
        CodePointSet special = CodePointSet.Range(0, 0x1F).Union(CodePointSet.Single('"')).Union(CodePointSet.Single('\\'));

        // What is in the set and needs no escape: the set less the special characters.
        CodePointSet plain = set.Complement().Union(special).Complement();
        var part = new PatternPart(_graph.AddState(), _graph.AddState());
        if (!plain.IsEmpty)
            Join(_graph.Characters(plain));
        foreach ((char value, string escape) in (ReadOnlySpan<(char, string)>)[('"', "\\\""), ('\\', "\\\\"), ('\n', "\\n"), ('\t', "\\t")])
        {
            if (set.Contains(value))
                Join(_graph.Text(escape));
        }

        return part;

        void Join(PatternPart way)
        {
            _graph.Connect(part.Entry, way.Entry);
            _graph.Connect(way.Exit, part.Exit);
        }
    }

    private static PromptException Bad(string path, string problem) =>
        new($"The schema at '{Checkpoints.Problems.Shorten(path)}' {problem}.");
}
