namespace PaliSharp.Imaging.Resampling;

/// <summary>The methods of <c>tf.image.resize</c> that the training mixtures use.</summary>
public enum TensorFlowMethod
{
    /// <summary>A triangle; what PaliGemma was trained with.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = −0.5.</summary>
    Bicubic,

    /// <summary>The sinc windowed by a sinc of radius 3.</summary>
    Lanczos3,

    /// <summary>The mean of the covered area. It never aliases, so the choice of antialiasing has no effect.</summary>
    Area,

    /// <summary>The cubic of Mitchell and Netravali with B = C = 1/3.</summary>
    MitchellCubic,
}
