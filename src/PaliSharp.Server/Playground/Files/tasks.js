// The tasks: what they are called, what they need, and how they are asked.
// The icons are paths in a square of 24.
export const tasks = [
  { id: "caption", name: "Caption", icon: "M4 5h16v10H11l-4 4v-4H4z M8 10h8", help: "One short sentence." },
  { id: "describe", name: "Describe", icon: "M4 6h16 M4 10.5h16 M4 15h16 M4 19.5h9", help: "A longer description." },
  { id: "ask", name: "Ask", icon: "M9 9a3 3 0 1 1 4.2 2.75c-.8.4-1.2 1-1.2 2.25 M12 17.2v.1 M12 3a9 9 0 1 1-.01 0", help: "A question about the picture." },
  { id: "ocr", name: "Read text", icon: "M4 8V4h4 M16 4h4v4 M20 16v4h-4 M8 20H4v-4 M8 9h8 M12 9v7", help: "All text, from the top left to the bottom right." },
  { id: "detect", name: "Detect", icon: "M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5 M12 9a3 3 0 1 1-.01 0", help: "Boxes around things, with scores to compare them by." },
  { id: "segment", name: "Segment", icon: "M6.5 18C3 15 3.5 6 9 5c3-.5 4 2 7 2 4 0 5.5 5 3 9-2.5 4-9 5-12.5 2z M8 15l7-7 M11 17.5l7-7", help: "Boxes and the exact pixels of things." },
  { id: "classify", name: "Classify", icon: "M4 6h15 M4 12h10 M4 18h6", help: "Ranks labels by how likely the model finds each as its answer." },
  { id: "prompt", name: "Prompt", icon: "M5 7l5 5-5 5 M12.5 18H20", help: "Any prompt, unchanged." },
];

export const languages = [
  ["en", "English"], ["ar", "Arabic"], ["bn", "Bengali"], ["cs", "Czech"], ["da", "Danish"], ["de", "German"], ["el", "Greek"], ["es", "Spanish"],
  ["fa", "Persian"], ["fi", "Finnish"], ["fil", "Filipino"], ["fr", "French"], ["he", "Hebrew"], ["hi", "Hindi"], ["hr", "Croatian"], ["hu", "Hungarian"],
  ["id", "Indonesian"], ["it", "Italian"], ["ja", "Japanese"], ["ko", "Korean"], ["mi", "Maori"], ["nl", "Dutch"], ["no", "Norwegian"], ["pl", "Polish"],
  ["pt", "Portuguese"], ["quz", "Quechua"], ["ro", "Romanian"], ["ru", "Russian"], ["sv", "Swedish"], ["sw", "Swahili"], ["te", "Telugu"], ["th", "Thai"],
  ["tr", "Turkish"], ["uk", "Ukrainian"], ["vi", "Vietnamese"], ["zh", "Chinese"],
];

export const samples = [
  { file: "red-circles.png", alt: "Two red circles on pink", task: "detect", things: "red circle" },
  { file: "orange-ring.png", alt: "An orange ring on pink", task: "segment", things: "orange ring" },
  { file: "rings.png", alt: "Three rings", task: "detect", things: "ring" },
  { file: "open-sign.png", alt: "Shapes and the word OPEN", task: "ocr" },
  { file: "cat.jpg", alt: "The face of a cat", task: "caption" },
];

const split = text => text.split(",").map(part => part.trim()).filter(part => part.length > 0);

/** Reads the form. Throws an Error with a sentence for people if something is missing. */
export function readRequest(task, form) {
  const settings = {};
  for (const [field, id, parse] of [["max_tokens", "max-tokens", Number.parseInt], ["temperature", "temperature", Number.parseFloat], ["seed", "seed", Number.parseInt]]) {
    const text = form(id).trim();
    if (text === "") continue;
    const value = parse(text, 10);
    if (!Number.isFinite(value)) throw new Error(`“${text}” is not a number.`);
    settings[field] = value;
  }

  const language = form("language");
  switch (task) {
    case "caption": return text("caption", { language }, `caption ${language}`, settings);
    case "describe": return text("caption", { language, length: "long" }, `describe ${language}`, { max_tokens: 256, ...settings }, settings);
    case "ocr": return text("ocr", {}, "ocr", { max_tokens: 512, ...settings }, settings);
    case "ask": {
      const question = needed(form("question"), "Type a question first.");
      return text("ask", { question, language }, `answer ${language} ${question}`, settings);
    }
    case "prompt": {
      const prompt = needed(form("prompt"), "Type a prompt first.");
      return text("run", { prompt }, prompt, settings);
    }
    case "detect":
    case "segment": {
      const things = split(form("things"));
      if (things.length === 0) throw new Error("Say what to find first, for example “red circle”.");
      const fields = { things, ...settings };
      if (form("constrain")) fields.constrain = true;
      return { kind: "objects", route: task, fields };
    }
    case "classify": {
      const labels = split(form("labels"));
      if (labels.length === 0) throw new Error("Type some labels first, separated by commas.");
      return { kind: "labels", route: "classify", fields: { labels, prompt: needed(form("classify-prompt"), "Type the prompt that the labels answer.") } };
    }
    default: throw new Error(`There is no task “${task}”.`);
  }
}

function text(route, fields, prompt, chat, settings = chat) {
  return { kind: "text", route, fields: { ...fields, ...settings }, prompt, chat };
}

function needed(value, message) {
  const trimmed = value.trim();
  if (trimmed === "") throw new Error(message);
  return trimmed;
}
