using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Tasks;

/// <summary>The molecule of a picture.</summary>
public sealed record MoleculeResult : TextResult
{
    /// <summary>The SMILES string as the model wrote it.</summary>
    public string Smiles => Text;

    /// <summary>What the string describes; null if it is no SMILES.</summary>
    public required Molecule? Molecule { get; init; }

    /// <summary>Why the string is no SMILES; null if it is one.</summary>
    public required SmilesProblem? Problem { get; init; }
}

/// <summary>Reads a drawn molecule, as checkpoints tuned on them write it: a SMILES string.</summary>
public sealed record MoleculeTask : VisionTask<MoleculeResult>
{
    /// <summary>
    /// The text the model sees. That of Google's tuned checkpoints was not published: give the one your checkpoint was tuned with.
    /// </summary>
    public string Prompt { get; init; } = "molecule";

    /// <summary>Puts the picture on a white square instead of squashing it, as these checkpoints were trained; on by default.</summary>
    public bool PadToSquare { get; init; } = true;

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        return Ask(new GenerationRequest(PadToSquare ? image.PadToSquare() : image, Prompt, OptionsOr(256)), answer =>
        {
            string smiles = answer.Text.Trim();
            ParsedSmiles parsed = SmilesParser.Parse(smiles);
            List<string> warnings = [.. parsed.Warnings];
            if (parsed.Problem is { } problem)
                warnings.Add(problem.Message);
            TaskFinish.ReportCut(answer, "atoms", warnings);
            return new MoleculeResult
            {
                Molecule = parsed.Molecule,
                Problem = parsed.Problem,
                Text = smiles,
                Prompt = Prompt,
                Warnings = warnings,
                Generation = answer,
            };
        });
    }
}
