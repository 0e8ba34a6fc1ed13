using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Tasks;

/// <summary>In which order a cell's location tokens stand.</summary>
public enum CellCoordinates
{
    /// <summary>x min, y min, x max, y max, as the PaliGemma 2 paper most likely means (its list prints y max twice).</summary>
    XFirst,

    /// <summary>y min, x min, y max, x max, as in detection.</summary>
    YFirst,
}

/// <summary>The tables of a picture.</summary>
public sealed record TableResult : TextResult
{
    /// <summary>The tables, in order; empty if the answer holds none.</summary>
    public required IReadOnlyList<Table> Tables { get; init; }

    /// <summary>The first table; null if the answer holds none.</summary>
    public Table? Table => Tables.Count == 0 ? null : Tables[0];
}

/// <summary>Reads tables, as checkpoints tuned on tables write them: HTML whose cells may carry <c>coords</c> of four location tokens.</summary>
public sealed record TableTask : VisionTask<TableResult>
{
    /// <summary>
    /// The text the model sees. That of Google's tuned checkpoints was not published: give the one your checkpoint was tuned with.
    /// </summary>
    public string Prompt { get; init; } = "table";

    /// <summary>Puts the picture on a white square instead of squashing it, as these checkpoints were trained; on by default.</summary>
    public bool PadToSquare { get; init; } = true;

    /// <summary>In which order a cell's location tokens stand.</summary>
    public CellCoordinates Coordinates { get; init; }

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        GenerationRequest request = new(PadToSquare ? image.PadToSquare() : image, Prompt, RepeatedText.Stop(OptionsOr(4096)));
        return Ask(request, answer =>
        {
            string html = TextPlans.WithoutRepetition(answer, model);
            ParsedTables parsed = TableParser.Parse(html, bins => ToBox(bins, image));
            List<string> warnings = [.. parsed.Warnings];
            if (parsed.Tables.Count == 0)
                warnings.Add("The answer holds no table.");
            TaskFinish.ReportCut(answer, "rows", warnings);
            return new TableResult { Tables = parsed.Tables, Text = html, Prompt = Prompt, Warnings = warnings, Generation = answer };
        });
    }

    private BoundingBox? ToBox(IReadOnlyList<int> bins, Image image)
    {
        (int x1, int y1, int x2, int y2) = Coordinates == CellCoordinates.XFirst ? (bins[0], bins[1], bins[2], bins[3]) : (bins[1], bins[0], bins[3], bins[2]);
        if (x2 <= x1 || y2 <= y1)
            return null;
        return PadToSquare ? PaddedSquare.ToOriginal(y1, x1, y2, x2, image) : LocationGrid.ToBox(y1, x1, y2, x2, image.Width, image.Height);
    }
}

/// <summary>Brings boxes of a picture that was put on a square back to the picture.</summary>
internal static class PaddedSquare
{
    /// <summary>The part of a box that lies in the picture; null if none does.</summary>
    public static BoundingBox? ToOriginal(int yMin, int xMin, int yMax, int xMax, Image image)
    {
        int side = Math.Max(image.Width, image.Height);
        int left = (side - image.Width) / 2;
        int top = (side - image.Height) / 2;
        BoundingBox box = LocationGrid.ToBox(yMin, xMin, yMax, xMax, side, side);
        var inside = new BoundingBox(
            Math.Clamp(box.X1 - left, 0, image.Width),
            Math.Clamp(box.Y1 - top, 0, image.Height),
            Math.Clamp(box.X2 - left, 0, image.Width),
            Math.Clamp(box.Y2 - top, 0, image.Height));
        return inside.Width > 0 && inside.Height > 0 ? inside : null;
    }
}
