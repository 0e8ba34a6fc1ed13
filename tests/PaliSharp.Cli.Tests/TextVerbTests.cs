using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class TextVerbTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    [Theory]
    [InlineData("caption", "caption en")]
    [InlineData("describe", "describe en")]
    [InlineData("ocr", "ocr")]
    public async Task Verbs_give_the_prompt_they_stand_for(string verb, string prompt)
    {
        CliRun run = await CliRun.Of(verb, Picture, "--json", "--model", CliRun.Nano);
        CliRun same = await CliRun.Of("run", Picture, "-p", prompt, "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        foreach (JsonProperty field in same.Json[0].EnumerateObject())
            Assert.Equal(field.Value.GetRawText(), run.Json[0].GetProperty(field.Name).GetRawText());
        Assert.Equal(prompt, run.Json[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Json_has_the_documented_fields_in_order()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--json", "--model", CliRun.Nano);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(["image", "prompt", "text", "tokens", "logprob", "finish_reason", "usage", "warnings", "schema_version"], line.EnumerateObject().Select(field => field.Name));
        Assert.Equal(Picture, line.GetProperty("image").GetString());
        Assert.Equal("an orange ring on a pink background", line.GetProperty("text").GetString());
        Assert.All(line.GetProperty("tokens").EnumerateArray(), id => Assert.InRange(id.GetInt32(), 0, 1855));
        Assert.InRange(line.GetProperty("logprob").GetDouble(), -100, 0);
    }

    [Fact]
    public async Task A_person_gets_plain_text()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--model", CliRun.Nano);
        Assert.Equal("an orange ring on a pink background\n", run.Output);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public async Task A_terminal_gets_the_same_text_as_a_stream()
    {
        CliRun run = await CliRun.Of(["caption", Picture, "--model", CliRun.Nano], new CliRun.Setup { IsInteractive = true });
        Assert.Equal("an orange ring on a pink background\n", run.Output);
    }

    [Fact]
    public async Task Several_pictures_are_named()
    {
        CliRun run = await CliRun.Of("caption", Picture, CliRun.Picture("05.png"), "--model", CliRun.Nano);
        Assert.Equal(2, run.Lines.Length);
        Assert.StartsWith($"{Picture}: an orange ring", run.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"{CliRun.Picture("05.png")}: ", run.Lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_size_of_the_batch_changes_no_answer(int batch)
    {
        string folder = Path.GetDirectoryName(Picture)!;
        CliRun whole = await CliRun.Of("run", folder, "-p", "caption en", "--raw", "--model", CliRun.Nano);
        CliRun parts = await CliRun.Of("run", folder, "-p", "caption en", "--raw", "--model", CliRun.Nano, "--batch", $"{batch}");
        Assert.Equal(Directory.GetFiles(folder, "*.png").Length, whole.Lines.Length);
        Assert.Equal(whole.Output, parts.Output);
    }

    [Fact]
    public async Task The_question_may_be_an_option_or_the_last_argument()
    {
        CliRun last = await CliRun.Of("ask", Picture, "how many circles are there?", "--json", "--model", CliRun.Nano);
        CliRun option = await CliRun.Of("ask", "-q", "how many circles are there?", Picture, "--json", "--model", CliRun.Nano);
        Assert.Equal(0, last.Code);
        Assert.Equal("answer en how many circles are there?", last.Json[0].GetProperty("prompt").GetString());
        Assert.Equal(last.Output, option.Output);
    }

    [Fact]
    public async Task The_language_enters_the_prompt()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--lang", "de", "--json", "--model", CliRun.Nano);
        Assert.Equal("caption de", run.Json[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Raw_is_the_text_alone()
    {
        CliRun run = await CliRun.Of("run", Picture, "-p", "detect orange ring", "--raw", "--model", CliRun.Nano);
        Assert.Equal("<loc0007><loc0269><loc0543><loc0795> orange ring\n", run.Output);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public async Task A_prompt_may_begin_with_an_at_sign()
    {
        CliRun run = await CliRun.Of("run", Picture, "-p", "@caption", "--json", "-n", "1", "--model", CliRun.Nano);
        Assert.Equal("@caption", run.Json[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Text_alone_needs_no_picture()
    {
        CliRun run = await CliRun.Of("run", "-p", "circle", "-n", "4", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Equal(JsonValueKind.Null, run.Json[0].GetProperty("image").ValueKind);
        Assert.InRange(run.Json[0].GetProperty("tokens").GetArrayLength(), 0, 4);
    }

    [Fact]
    public async Task Together_puts_all_pictures_into_one_prompt()
    {
        string[] pictures = [Picture, CliRun.Picture("05.png")];
        CliRun run = await CliRun.Of(["run", .. pictures, "--together", "-p", "caption en", "-n", "4", "--json", "--model", CliRun.Nano]);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(pictures, line.GetProperty("images").EnumerateArray().Select(name => name.GetString()!));
    }

    [Fact]
    public async Task Together_refuses_to_leave_a_picture_out()
    {
        CliRun run = await CliRun.Of("run", Picture, "missing.png", "--together", "-p", "caption en", "--json", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task Max_tokens_cuts_and_says_so()
    {
        CliRun json = await CliRun.Of("caption", Picture, "-n", "2", "--json", "--model", CliRun.Nano);
        Assert.Equal("length", json.Json[0].GetProperty("finish_reason").GetString());
        Assert.Equal(2, json.Json[0].GetProperty("tokens").GetArrayLength());
        CliRun plain = await CliRun.Of("caption", Picture, "-n", "2", "--model", CliRun.Nano);
        Assert.Contains("--max-tokens", plain.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_repeats_what_was_drawn()
    {
        string[] args = ["caption", Picture, "--temperature", "2", "--seed", "5", "--json", "--model", CliRun.Nano];
        CliRun first = await CliRun.Of(args);
        CliRun again = await CliRun.Of(args);
        CliRun other = await CliRun.Of(["caption", Picture, "--temperature", "2", "--seed", "6", "--json", "--model", CliRun.Nano]);
        Assert.Equal(first.Output, again.Output);
        Assert.NotEqual(first.Output, other.Output);
    }

    [Fact]
    public async Task Top_p_alone_draws()
    {
        CliRun drawn = await CliRun.Of("caption", CliRun.Picture("00.png"), "--top-p", "1", "--seed", "3", "--json", "--model", CliRun.Nano);
        CliRun explicitly = await CliRun.Of("caption", CliRun.Picture("00.png"), "--temperature", "1", "--seed", "3", "--json", "--model", CliRun.Nano);
        Assert.Equal(explicitly.Output, drawn.Output);
    }

    [Fact]
    public async Task Beams_find_a_text_at_least_as_likely()
    {
        string picture = CliRun.Picture("00.png");
        CliRun greedy = await CliRun.Of("caption", picture, "--json", "--model", CliRun.Nano);
        CliRun beams = await CliRun.Of("caption", picture, "--beams", "4", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, beams.Code);
        Assert.NotEqual("", beams.Json[0].GetProperty("text").GetString());
        Assert.NotEqual(greedy.Output, beams.Output);
    }

    [Fact]
    public async Task A_length_penalty_changes_which_beam_wins()
    {
        string picture = CliRun.Picture("00.png");
        CliRun longer = await CliRun.Of("describe", picture, "--beams", "4", "--length-penalty", "20", "--json", "--model", CliRun.Nano);
        CliRun shorter = await CliRun.Of("describe", picture, "--beams", "4", "--length-penalty=-20", "--json", "--model", CliRun.Nano);
        Assert.Equal((0, 0), (longer.Code, shorter.Code));
        Assert.True(longer.Json[0].GetProperty("tokens").GetArrayLength() > shorter.Json[0].GetProperty("tokens").GetArrayLength());
    }

    [Fact]
    public async Task The_likeliest_tokens_are_reported_in_JSON()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--top-logprobs", "2", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        JsonElement answer = run.Json[0];
        JsonElement[] places = [.. answer.GetProperty("top_logprobs").EnumerateArray()];
        int[] tokens = [.. answer.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
        Assert.Equal(tokens.Length + 1, places.Length);
        for (int i = 0; i < tokens.Length; i++)
            Assert.Equal((2, tokens[i]), (places[i].GetArrayLength(), places[i][0].GetProperty("id").GetInt32()));
        Assert.True(places[0][0].GetProperty("logprob").GetDouble() > places[0][1].GetProperty("logprob").GetDouble());
        CliRun without = await CliRun.Of("caption", Picture, "--json", "--model", CliRun.Nano);
        Assert.False(without.Json[0].TryGetProperty("top_logprobs", out _));
    }

    [Fact]
    public async Task A_prompt_can_be_tokenised_as_one_string()
    {
        // Two newlines are one token where prompt and separator are one string, and two where they are apart.
        using var folder = new TemporaryFolder();
        string model = CopyWithDoubleNewline(Path.Combine(folder.Path, "model"));
        CliRun apart = await CliRun.Of("run", Picture, "-p", "caption en\n", "--json", "--model", model);
        CliRun together = await CliRun.Of("run", Picture, "-p", "caption en\n", "--single-string", "--json", "--model", model);
        Assert.Equal((0, 0), (apart.Code, together.Code));
        Assert.Equal(Tokens(apart) - 1, Tokens(together));

        static int Tokens(CliRun run) => run.Json[0].GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
    }

    /// <summary>The demonstration model with a token of two newlines in the place of the piece that is merged last.</summary>
    private static string CopyWithDoubleNewline(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(CliRun.Nano))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        string path = Path.Combine(folder, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        JsonArray merges = tokenizer["model"]!["merges"]!.AsArray();
        string piece = string.Concat(merges[^1]!.AsArray().Select(part => part!.GetValue<string>()));
        JsonObject vocabulary = tokenizer["model"]!["vocab"]!.AsObject();
        int id = vocabulary[piece]!.GetValue<int>();
        vocabulary.Remove(piece);
        merges.RemoveAt(merges.Count - 1);
        // A newline is an added token of this tokenizer, so two of them must be one, too: merges never see them.
        tokenizer["added_tokens"]!.AsArray().Add(new JsonObject
        {
            ["id"] = id,
            ["content"] = "\n\n",
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = false,
        });
        File.WriteAllText(path, tokenizer.ToJsonString());
        return folder;
    }

    [Theory]
    [InlineData("--threads", "1")]
    [InlineData("--threads", "3")]
    [InlineData("--simd", "portable")]
    public async Task Threads_and_instructions_change_no_answer(string option, string value)
    {
        CliRun run = await CliRun.Of("caption", Picture, option, value, "--model", CliRun.Nano);
        Assert.Equal("an orange ring on a pink background\n", run.Output);
    }
}
