// The npm client `openai` talks to the server; prints one JSON object with what it saw.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, baseURL, picture] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")));
const client = new OpenAI({ baseURL, apiKey: "not-needed", maxRetries: 0 });
const url = `data:image/png;base64,${(await readFile(picture)).toString("base64")}`;
const ask = text => [{ role: "user", content: [{ type: "image_url", image_url: { url } }, { type: "text", text }] }];
const model = "nano";
const seen = {};

const plain = await client.chat.completions.create({ model, messages: ask("caption en"), logprobs: true, top_logprobs: 2 });
seen.plain = plain.choices[0].message.content;
seen.finish = plain.choices[0].finish_reason;
seen.logprobs = plain.choices[0].logprobs.content.map(token => token.token).join("");
seen.imageTokens = plain.usage.prompt_tokens_details.image_tokens;

seen.streamed = "";
seen.pieces = 0;
for await (const chunk of await client.chat.completions.create({ model, messages: ask("caption en"), stream: true, stream_options: { include_usage: true } })) {
  seen.streamed += chunk.choices[0]?.delta.content ?? "";
  seen.pieces++;
  if (chunk.usage) seen.total = chunk.usage.total_tokens;
}

seen.helper = (await client.chat.completions.stream({ model, messages: ask("caption en") }).finalChatCompletion()).choices[0].message.content;

try {
  await client.chat.completions.create({ model, messages: ask("caption en"), presence_penalty: 1 });
} catch (error) {
  seen.error = [error.constructor.name, error.status, error.code, error.param];
}
try {
  await client.chat.completions.create({ model: "none", messages: ask("caption en") });
} catch (error) {
  seen.missing = [error.constructor.name, error.status];
}

const abort = new AbortController();
try {
  const stream = await client.chat.completions.create({ model, messages: ask("describe en"), stream: true, temperature: 2, max_tokens: 2000 }, { signal: abort.signal });
  for await (const _ of stream) abort.abort();
  seen.cancelled = "ended";
} catch (error) {
  seen.cancelled = error.constructor.name;
}

seen.models = (await client.models.list()).data.map(entry => entry.id);
console.log(JSON.stringify(seen));
