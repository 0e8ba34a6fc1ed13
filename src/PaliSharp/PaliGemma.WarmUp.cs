using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>The first answer.</content>
public sealed partial class PaliGemma
{
    // Enough for the steps after the prompt to run as well.
    private const int WarmUpTokens = 4;

    /// <summary>
    /// Asks the model once about a grey picture and forgets the answer, so that the first caller does not wait for weights read from disk and code
    /// compiled, those of the picture encoder included.
    /// </summary>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public async Task WarmUpAsync(CancellationToken cancellationToken = default)
    {
        int size = Config.Vision.ImageSize;
        byte[] pixels = new byte[size * size * 3];
        Array.Fill<byte>(pixels, byte.MaxValue / 2);
        Image grey = Image.FromPixels(size, size, pixels);
        if (Tokenizer is null)
            (await PrepareAsync(grey, cancellationToken)).Dispose();
        else
            await GenerateAsync(grey, TaskPrompts.Caption(), new GenerationOptions { MaxNewTokens = WarmUpTokens }, cancellationToken);
    }
}
