namespace PaliSharp.Segmentation;

/// <summary>x + conv1×1(relu(conv3×3(relu(conv3×3(x))))), without an activation behind the sum.</summary>
internal sealed class ResidualBlock(Convolution first, Convolution second, Convolution third)
{
    /// <summary>Applies the block.</summary>
    /// <param name="input">[side, side, 128].</param>
    public FeatureMap Apply(FeatureMap input) =>
        third.Apply(second.Apply(first.Apply(input).Rectified()).Rectified()).Plus(input);
}
