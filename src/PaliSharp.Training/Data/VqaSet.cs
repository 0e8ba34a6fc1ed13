using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PaliSharp.Training.Data;

/// <summary>What a VQA set needs beside its questions.</summary>
/// <param name="Annotations">The file of the answers.</param>
/// <param name="Pictures">Finds the files of pictures.</param>
internal sealed record VqaFiles(string Annotations, PictureNames Pictures);

/// <summary>Finds the files of pictures by number.</summary>
internal sealed partial class PictureNames
{
    private readonly PicturePaths _paths;
    private readonly string? _template;

    /// <summary>Takes a template such as <c>COCO_train2014_{id:12}.jpg</c>.</summary>
    /// <exception cref="RecipeException">It has no place for the number.</exception>
    public PictureNames(string root, string? template)
    {
        if (template is not null && !Place().IsMatch(template))
            throw new RecipeException($"The name of pictures '{template}' has no place for their number: write {{id}}, or {{id:12}} for twelve digits.");
        (_paths, _template) = (new PicturePaths(root), template);
    }

    /// <summary>The file of a question's picture.</summary>
    public string Find(JsonElement question)
    {
        if (_template is null)
            return _paths.Resolve(question.GetProperty("image").GetString() ?? string.Empty);
        long id = question.GetProperty("image_id").GetInt64();
        return _paths.Resolve(Place().Replace(_template, match => id.ToString(CultureInfo.InvariantCulture).PadLeft(Digits(match), '0')));
    }

    private static int Digits(Match match) =>
        match.Groups[1].Success ? int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\{id(?::([0-9]{1,2}))?\}", RegexOptions.CultureInvariant)]
    private static partial Regex Place();
}

/// <summary>Questions about pictures with their answers, as VQAv2 and sets like it have them: two files, joined by the number of the question.</summary>
internal sealed class VqaSet : ExampleSet
{
    private readonly JsonArrayIndex _questions;
    private readonly JsonArrayIndex _annotations;
    private readonly PictureNames _pictures;
    private readonly VqaAnswers _choice;
    private readonly List<(int Question, int Annotation)> _items = [];

    /// <summary>Finds questions and answers.</summary>
    /// <exception cref="RecipeException">A file cannot be read, is no such file, or no question has an answer.</exception>
    public VqaSet(string path, VqaFiles files, VqaAnswers choice)
    {
        (_pictures, _choice) = (files.Pictures, choice);
        _questions = new JsonArrayIndex(path, ("questions", "question_id"));
        _annotations = new JsonArrayIndex(files.Annotations, ("annotations", "question_id"));
        JsonArrayEntries questions = _questions["questions"];
        JsonArrayEntries annotations = _annotations["annotations"];
        var answers = new Dictionary<long, int>(annotations.Count);
        for (int i = 0; i < annotations.Count; i++)
            answers.TryAdd(annotations.Key(i), i);
        for (int i = 0; i < questions.Count; i++)
        {
            if (answers.TryGetValue(questions.Key(i), out int annotation))
                _items.Add((i, annotation));
            else
                OpeningReport.Add(BadItemKind.EmptySuffix, $"{Path.GetFileName(path)} question {questions.Key(i)} has no answer in "
                    + $"{Path.GetFileName(files.Annotations)}.");
        }

        for (int i = 0; i < questions.WithoutKey + annotations.WithoutKey; i++)
            OpeningReport.Add(BadItemKind.Malformed, $"{Path.GetFileName(path)} or its annotations have an entry without question_id.");
        SuffixCheck.Require(path, Count, index => Read(index, default).Suffix);
    }

    public override int Count => _items.Count;

    public override string Fingerprint => $"vqa-{_items.Count}-{_questions.Length}-{_annotations.Length}";

    public override DataItem Read(int index, ItemDraw draw)
    {
        string[] answers = Answers(index);
        return Item(index, _choice == VqaAnswers.Each ? answers[draw.Choose(answers.Length)] : answers[0]);
    }

    public override IEnumerable<DataItem> ReadAll(int index) =>
        _choice == VqaAnswers.Each ? Answers(index).Select(answer => Item(index, answer)) : [Item(index, Answers(index)[0])];

    private DataItem Item(int index, string answer)
    {
        int question = _items[index].Question;
        (string path, string text) = _questions.Read("questions", question, entry =>
            (_pictures.Find(entry), entry.GetProperty("question").GetString()?.Trim() ?? string.Empty));
        return new DataItem([path], text, answer, $"{Path.GetFileName(_questions.Path)} question {_questions["questions"].Key(question)}");
    }

    // The most frequent one alone, or all; at least one, which may be empty.
    private string[] Answers(int index) => _annotations.Read("annotations", _items[index].Annotation, entry =>
    {
        string[] all = entry.TryGetProperty("answers", out JsonElement list)
            ? [.. list.EnumerateArray().Select(Answer).Where(answer => answer.Length > 0)]
            : [];
        if (_choice == VqaAnswers.Each && all.Length > 0)
            return all;
        string chosen = entry.TryGetProperty("multiple_choice_answer", out JsonElement value) ? value.GetString()?.Trim() ?? string.Empty : string.Empty;
        return [chosen.Length > 0 ? chosen : MostFrequent(all)];
    });

    private static string Answer(JsonElement answer) =>
        (answer.ValueKind == JsonValueKind.Object ? answer.GetProperty("answer") : answer).GetString()?.Trim() ?? string.Empty;

    // The first of those that are equally frequent.
    private static string MostFrequent(string[] answers) =>
        answers.GroupBy(answer => answer, StringComparer.Ordinal).MaxBy(group => group.Count())?.Key ?? string.Empty;
}
