using PaliSharp.Generation;

namespace PaliSharp.Tests.Generation;

/// <summary>The two beam rules written down as they are told: every continuation in a list, the list sorted.</summary>
internal static class ReferenceBeams
{
    public sealed record Text(int[] Tokens, double Sum, double Score);

    public static List<Text> HuggingFace(ToyModel model, BeamOptions options, int limit, int[] endIds)
    {
        int beams = options.Beams;
        List<Text> live = [new([], 0, 0)];
        List<Text> finished = [];
        for (int step = 1; step <= limit; step++)
        {
            double length = Math.Pow(step, options.LengthPenalty);
            int candidates = Math.Max(2, 1 + endIds.Length) * beams;
            List<Text> best = [.. Continuations(model, live, length).OrderByDescending(text => text.Sum).Take(candidates)];
            List<Text> ended = [.. best.Take(beams).Where(text => step == limit || endIds.Contains(text.Tokens[^1]))];
            finished = [.. finished.Concat(ended).OrderByDescending(text => text.Score).Take(beams)];
            live = [.. best.Where(text => !endIds.Contains(text.Tokens[^1])).Take(beams)];
            if (finished.Count < beams)
                continue;
            if (options.EarlyStopping == BeamStopping.WhenFull)
                break;
            bool reachLimit = options.EarlyStopping == BeamStopping.Never && options.LengthPenalty > 0;
            double divisor = reachLimit ? Math.Pow(limit, options.LengthPenalty) : length;
            if (live.Count == 0 || live[0].Sum / divisor <= finished[^1].Score)
                break;
        }

        return finished;
    }

    public static List<Text> BigVision(ToyModel model, int beams, int limit, int[] endIds)
    {
        List<Text> live = [new([], 0, 0)];
        Text? finished = null;
        for (int step = 1; step <= limit; step++)
        {
            Text[] all = [.. Continuations(model, live, 1)];
            foreach (Text closed in all.Where(text => endIds.Contains(text.Tokens[^1])))
                finished = finished is null || closed.Sum > finished.Sum ? closed : finished;

            // As told: beams + 1 of each text, those that end dropped, the best of the rest.
            live =
            [
                .. all.GroupBy(text => string.Join(' ', text.Tokens[..^1]))
                    .SelectMany(group => group.OrderByDescending(text => text.Sum).Take(beams + endIds.Length))
                    .Where(text => !endIds.Contains(text.Tokens[^1]))
                    .OrderByDescending(text => text.Sum)
                    .Take(beams),
            ];
            if (live.Count == 0 || live[0].Sum < finished!.Sum)
                break;
        }

        return [finished!];
    }

    private static IEnumerable<Text> Continuations(ToyModel model, IEnumerable<Text> live, double length) =>
        from text in live
        from next in model.LogProbabilities(text.Tokens).Index()
        let sum = text.Sum + next.Item
        select new Text([.. text.Tokens, next.Index], sum, sum / length);
}
