// Talk about a picture in the terminal:
//   dotnet run -c Release --project samples/console-chat -- samples/orange-ring.png
using Microsoft.Extensions.AI;
using PaliSharp;
using PaliSharp.Extensions.AI;

if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine("usage: PICTURE [MODEL]");
    return 2;
}

using PaliGemma model = PaliGemma.Load(args.ElementAtOrDefault(1));
using IChatClient chat = model.AsChatClient();
DataContent picture = await DataContent.LoadFromAsync(args[0]);
Console.WriteLine("Ask about the picture, or write a prompt such as 'caption en' or 'detect ring'. An empty line ends.");
while (true)
{
    Console.Write("> ");
    if (Console.ReadLine() is not { Length: > 0 } line)
        return 0;

    // The model answers single questions, so the picture goes along each time; its encoding is kept between questions.
    ChatMessage question = new(ChatRole.User, [picture, new TextContent(line)]);
    await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync([question]))
        Console.Write(update.Text);
    Console.WriteLine();
}
