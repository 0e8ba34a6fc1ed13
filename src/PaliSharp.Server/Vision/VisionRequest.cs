using System.Text.Json.Serialization;

namespace PaliSharp.Server.Vision;

/// <summary>The body of the vision routes, whatever the task; <see cref="VisionFields"/> tells which fields a task takes.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record VisionRequest
{
    /// <summary>The model's name; null for the default.</summary>
    public string? Model { get; init; }

    /// <summary>The picture: a data URL, an http(s) URL where those are fetched, or <c>part:NAME</c> for a part of a multipart body.</summary>
    public string? Image { get; init; }

    /// <summary>Several pictures, each answered apart.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    /// <summary>The language of the answer.</summary>
    public string? Language { get; init; }

    /// <summary>Whether a caption is <c>short</c> or <c>long</c>.</summary>
    public string? Length { get; init; }

    /// <summary>The question.</summary>
    public string? Question { get; init; }

    /// <summary>What to find.</summary>
    public IReadOnlyList<string>? Things { get; init; }

    /// <summary>The labels to rank.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The texts to rank by how well they fit the picture.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>The text the model sees.</summary>
    public string? Prompt { get; init; }

    /// <summary><c>sum</c>, <c>mean</c> or <c>prior</c>.</summary>
    public string? Scoring { get; init; }

    /// <summary>How many of the best labels are given.</summary>
    public int? Top { get; init; }

    /// <summary>The most tokens of an answer.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>0 for the likeliest tokens.</summary>
    public double? Temperature { get; init; }

    /// <summary>The likeliest tokens to draw among.</summary>
    public int? TopK { get; init; }

    /// <summary>The nucleus.</summary>
    public double? TopP { get; init; }

    /// <summary>Makes drawing repeatable.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Beams instead of drawing.</summary>
    public int? Beams { get; init; }

    /// <summary>Holds the model to the grammar of the task.</summary>
    public bool? Constrain { get; init; }

    /// <summary>Asks for each thing with a prompt of its own.</summary>
    public bool? OneByOne { get; init; }

    /// <summary>Leaves out boxes that overlap a surer one by more.</summary>
    public double? MaxOverlap { get; init; }

    /// <summary>Compares boxes of different labels, too.</summary>
    public bool? AcrossLabels { get; init; }

    /// <summary>Replaces each label by the nearest of the things.</summary>
    public bool? SnapLabels { get; init; }

    /// <summary>Ends an answer that repeats a box.</summary>
    public bool? StopRepeats { get; init; }

    /// <summary>Reads location tokens as n/1024 of the side.</summary>
    public bool? PublicDemoGrid { get; init; }

    /// <summary>Adds the picture with what was found drawn on it.</summary>
    public bool? Draw { get; init; }
}
