namespace PaliSharp.Tokenization;

/// <summary>The texts of the control tokens, which no tokenizer file states by itself in the Hugging Face format.</summary>
/// <param name="Bos">Begins a text.</param>
/// <param name="Eos">Ends a text.</param>
/// <param name="Pad">Padding.</param>
/// <param name="Unknown">What cannot be encoded.</param>
internal sealed record SpecialTokenNames(string Bos = "<bos>", string Eos = "<eos>", string Pad = "<pad>", string Unknown = "<unk>");
