using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>The two networks of the mask codec in training, layer by layer as <c>vae-oid.npz</c> names them.</summary>
internal sealed class CodecNetwork
{
    private readonly List<ConvolutionStep> _convolutions = [];
    private readonly CpuBackend _device;
    private readonly GaussianRandom _random;
    private readonly ChainStep _encoder;
    private readonly ChainStep _decoder;

    /// <summary>Creates both with random weights.</summary>
    /// <param name="device">Computes.</param>
    /// <param name="baseWidth">The channels of the first layer, doubled three times: 16 for the published layout.</param>
    /// <param name="vectorLength">The length of a code's vector: 512 for the published layout.</param>
    /// <param name="random">Gives the first values.</param>
    public CodecNetwork(CpuBackend device, int baseWidth, int vectorLength, GaussianRandom random)
    {
        (_device, _random) = (device, random);
        int width = 8 * baseWidth;
        const int Grid = MaskCodecTrainer.GridSide;
        var encoder = new List<CodecStep>();
        int side = MaskCodec.Side;
        for (int i = 0, inputs = 1; i < 4; i++, side /= 2)
        {
            int outputs = baseWidth << i;
            encoder.Add(Add($"encoder.{2 * i}", new ConvolutionShape(inputs, outputs, 4, 2, 1), side));
            encoder.Add(new RectifierStep(device));
            inputs = outputs;
        }

        encoder.Add(Block("encoder.8", width));
        encoder.Add(Block("encoder.9", width));
        encoder.Add(Add("encoder.10", new ConvolutionShape(width, vectorLength, 1, 1, 0), Grid));
        _encoder = new ChainStep(encoder);

        List<CodecStep> decoder =
        [
            Add("decoder.0", new ConvolutionShape(vectorLength, width, 1, 1, 0), Grid),
            new RectifierStep(device),
            Block("decoder.2", width),
            Block("decoder.3", width),
        ];
        for (int i = 0, inputs = width; i < 4; i++, side *= 2)
        {
            int outputs = width >> i;
            decoder.Add(Add($"decoder.{4 + (2 * i)}", new ConvolutionShape(inputs, outputs, 4, 2, 1, IsTransposed: true), side));
            decoder.Add(new RectifierStep(device));
            inputs = outputs;
        }

        decoder.Add(Add("decoder.12", new ConvolutionShape(baseWidth, 1, 1, 1, 0), side));
        _decoder = new ChainStep(decoder);
        Parameters = new ParameterSet(_convolutions.SelectMany(convolution => (Parameter[])[convolution.Weight, convolution.Bias]));
    }

    /// <summary>What is trained by gradients.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The convolutions, encoder first.</summary>
    public IReadOnlyList<ConvolutionStep> Convolutions => _convolutions;

    /// <summary>Vectors of masks.</summary>
    /// <param name="masks">[masks·64·64, 1], −1 outside to 1 inside.</param>
    /// <returns>[masks·16, vector length].</returns>
    public Tensor Encode(Tensor masks) => _encoder.Forward(masks);

    /// <summary>The way back through the encoder.</summary>
    /// <param name="masks">What it was given.</param>
    /// <param name="vectors">What it gave.</param>
    /// <param name="gradient">The gradient of that.</param>
    public void EncodeBackward(Tensor masks, Tensor vectors, Tensor gradient) => _encoder.Backward(masks, vectors, gradient).Dispose();

    /// <summary>Masks of vectors.</summary>
    /// <param name="vectors">[masks·16, vector length].</param>
    /// <returns>[masks·64·64, 1].</returns>
    public Tensor Decode(Tensor vectors) => _decoder.Forward(vectors);

    /// <summary>The way back through the decoder.</summary>
    /// <param name="vectors">What it was given.</param>
    /// <param name="masks">What it gave.</param>
    /// <param name="gradient">The gradient of that.</param>
    /// <returns>The gradient of <paramref name="vectors"/>.</returns>
    public Tensor DecodeBackward(Tensor vectors, Tensor masks, Tensor gradient) => _decoder.Backward(vectors, masks, gradient);

    private ConvolutionStep Add(string name, ConvolutionShape shape, int side)
    {
        var convolution = new ConvolutionStep(_device, name, shape, side, _random);
        _convolutions.Add(convolution);
        return convolution;
    }

    private ResidualStep Block(string name, int width) => new(
    [
        Add($"{name}.net.0", new ConvolutionShape(width, width, 3, 1, 1), MaskCodecTrainer.GridSide),
        new RectifierStep(_device),
        Add($"{name}.net.2", new ConvolutionShape(width, width, 3, 1, 1), MaskCodecTrainer.GridSide),
        new RectifierStep(_device),
        Add($"{name}.net.4", new ConvolutionShape(width, width, 1, 1, 0), MaskCodecTrainer.GridSide),
    ])
    {
        Device = _device,
    };
}
