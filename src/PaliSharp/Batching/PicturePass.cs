using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>Several pictures on their way through the encoder.</summary>
internal sealed class PicturePass : BatchPass
{
    private readonly PaliGemmaModel _model;
    private readonly PictureStore _store;
    private readonly List<EncodedPicture> _pictures;
    private EncoderPass? _pass;

    /// <summary>Gathers pictures; the first step begins.</summary>
    public PicturePass(PaliGemmaModel model, PictureStore store, List<EncodedPicture> pictures)
    {
        _model = model;
        _store = store;
        _pictures = pictures;
    }

    public override int Rows => _pictures.Count * _model.Config.ImageTokens;

    public override bool IsAbandoned => _pictures.TrueForAll(picture => picture.Users == 0);

    public override bool Step()
    {
        if (_pass is null)
        {
            Begin();
            return false;
        }

        _pass.Step();
        if (!_pass.IsComplete)
            return false;
        using Tensor rows = _pass.Finish();
        int tokens = _model.Config.ImageTokens;
        for (int i = 0; i < _pictures.Count; i++)
            _store.Complete(_pictures[i], _model.Backend.ConcatenateRows([new RowRun(rows, i * tokens, tokens)]));
        return true;
    }

    public override void Fail(Exception exception)
    {
        foreach (EncodedPicture picture in _pictures)
        {
            if (!picture.IsReady)
                _store.Fail(picture, exception);
        }
    }

    public override void Dispose() => _pass?.Dispose();

    private void Begin()
    {
        var shares = new Tensor[_model.EncoderShares(_pictures.Count)];
        try
        {
            for (int share = 0; share < shares.Length; share++)
                shares[share] = Gather(_pictures.Count * share / shares.Length, _pictures.Count * (share + 1) / shares.Length);
            _pass = _model.BeginEncoding(shares);
        }
        finally
        {
            foreach (Tensor? share in shares)
                share?.Dispose();
        }
    }

    /// <summary>The pixels of the pictures from..to, which give theirs up.</summary>
    private Tensor Gather(int from, int to)
    {
        SigLipConfig vision = _model.Config.Vision;
        int size = vision.ImageSize;
        Tensor pixels = _model.Backend.Rent(new TensorShape(to - from, vision.Channels, size, size));
        int values = vision.Channels * size * size;
        for (int i = from; i < to; i++)
        {
            // A picture that everybody left has lost its pixels; its rows are computed from what lies there and thrown away.
            _pictures[i].Pixels?.Span.CopyTo(pixels.Span.Slice((i - from) * values, values));
            _pictures[i].DropPixels();
        }

        return pixels;
    }
}
