// Talks to the server.
const keyName = "palisharp-key";

export class ApiError extends Error {
  constructor(title, message, status) {
    super(message);
    this.title = title;
    this.status = status;
  }
}

export const setKey = key => sessionStorage.setItem(keyName, key);
export const hasKey = () => sessionStorage.getItem(keyName) !== null;

const headers = extra => {
  const key = sessionStorage.getItem(keyName);
  return key ? { ...extra, Authorization: `Bearer ${key}` } : extra;
};

const titles = {
  400: "That cannot be done",
  401: "A key is needed",
  403: "Not allowed",
  404: "Not found",
  408: "Too slow",
  413: "Too large",
  429: "The server is busy",
  501: "This model cannot do that",
  503: "Not ready",
  504: "Out of time",
};

async function send(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, headers: headers(init?.headers ?? {}) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer", "Is it still running? Nothing is lost: run the task again when it is back.", 0);
  }
  if (response.ok) return response;
  let message = `The server answered ${response.status}.`;
  try {
    message = (await response.json()).error.message;
  } catch { /* a proxy's own page: the status says enough */ }
  const wait = response.headers.get("Retry-After");
  throw new ApiError(titles[response.status] ?? "The server failed", wait ? `${message} It asks for ${wait} s.` : message, response.status);
}

const json = body => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const models = async () => (await (await send("/v1/models")).json()).data;

export async function isReady() {
  try {
    const response = await fetch("/health/ready");
    return (await response.json()).status;
  } catch {
    return "unreachable";
  }
}

/** Asks a typed route; the picture goes as a file. */
export async function vision(route, file, fields, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) body.append(name, String(item));
  }
  body.append("image", file, file.name);
  const response = await send(`/v1/vision/${route}`, { method: "POST", body, signal });
  return response.json();
}

const dataUrl = file => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.replace(/^data:[^,]*,/, `data:${file.type || "application/octet-stream"};base64,`));
  reader.onerror = () => reject(new ApiError("The picture cannot be read", "Choose it again, or another one.", 0));
  reader.readAsDataURL(file);
});

/** Asks by prompt and yields events: { text } pieces, then { finish } and { usage, timings }. */
export async function* stream(model, file, prompt, settings, signal) {
  const content = [{ type: "image_url", image_url: { url: await dataUrl(file) } }, { type: "text", text: prompt }];
  const response = await send("/v1/chat/completions", {
    ...json({ model, messages: [{ role: "user", content }], stream: true, stream_options: { include_usage: true }, ...settings }),
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) throw new ApiError("The answer broke off", "The server stopped in the middle. Run the task again.", 0);
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new ApiError("The answer broke off", chunk.error.message, 0);
      const choice = chunk.choices[0];
      if (choice?.delta.content) yield { text: choice.delta.content };
      if (choice?.finish_reason) yield { finish: choice.finish_reason };
      if (chunk.usage) yield { usage: chunk.usage, timings: chunk.timings };
    }
  }
}
