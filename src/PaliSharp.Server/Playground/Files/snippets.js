// The same request as curl, C# and the command line.
const shell = text => /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
const csharp = text => `"${text.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")}"`;

export function curl(request, fileName, model, origin, hasKey) {
  const lines = [`curl -s ${origin}/v1/vision/${request.route}`];
  if (hasKey) lines.push(`-H "Authorization: Bearer $KEY"`);
  lines.push(`-F image=@${shell(fileName)}`);
  if (model) lines.push(`-F model=${shell(model)}`);
  for (const [name, value] of Object.entries(request.fields)) {
    for (const item of Array.isArray(value) ? value : [value]) lines.push(`-F ${shell(`${name}=${item}`)}`);
  }
  return lines.join(" \\\n  ");
}

export function cli(request, fileName) {
  const { route, fields } = request;
  const verb = route === "caption" && fields.length === "long" ? "describe" : route;
  const parts = ["palisharp", verb, shell(fileName)];
  if (fields.question) parts.push("-q", shell(fields.question));
  if (fields.prompt) parts.push("-p", shell(fields.prompt));
  for (const thing of fields.things ?? []) parts.push(shell(thing));
  for (const label of fields.labels ?? []) parts.push("--label", shell(label));
  if (fields.language && fields.language !== "en") parts.push("--lang", fields.language);
  if (fields.max_tokens) parts.push("--max-tokens", fields.max_tokens);
  if (fields.temperature) parts.push("--temperature", fields.temperature);
  if (fields.seed !== undefined) parts.push("--seed", fields.seed);
  if (fields.constrain) parts.push("--constrain");
  if (fields.things) parts.push("--draw", "out.png");
  return parts.join(" ");
}

export function code(request, fileName) {
  const { route, fields } = request;
  const options = optionsOf(fields);
  const things = fields.things && `[${fields.things.map(csharp).join(", ")}]`;
  const language = fields.language && fields.language !== "en" ? `, ${csharp(fields.language)}` : "";
  const lines = ["using PaliSharp;", "using PaliSharp.Imaging;"];
  if (options) lines.push("using PaliSharp.Generation;");
  if (fields.things) lines.push("using PaliSharp.Tasks;");
  lines.push("", "using PaliGemma model = PaliGemma.Load();", `Image image = Image.Load(${csharp(fileName)});`);
  if (options) lines.push(`var options = new GenerationOptions { ${options} };`);
  const last = options ? ", options: options" : "";
  switch (route) {
    case "caption": lines.push(`var answer = await model.${fields.length === "long" ? "Describe" : "Caption"}Async(image${language}${last});`, "Console.WriteLine(answer.Text);"); break;
    case "ocr": lines.push(`var answer = await model.ReadTextAsync(image${last});`, "Console.WriteLine(answer.Text);"); break;
    case "ask": lines.push(`var answer = await model.AnswerAsync(image, ${csharp(fields.question)}${language}${last});`, "Console.WriteLine(answer.Text);"); break;
    case "run": lines.push(`var answer = await model.GenerateAsync(image, ${csharp(fields.prompt)}${last});`, "Console.WriteLine(answer.Text);"); break;
    case "classify":
      lines.push(`var ranked = await model.ClassifyAsync(image, [${fields.labels.map(csharp).join(", ")}], ${csharp(fields.prompt)});`, "Console.WriteLine($\"{ranked.Best.Label} {ranked.Best.Probability:p1}\");");
      break;
    case "detect":
      lines.push(`var found = await model.DetectAsync(image, ${things}, new DetectionOptions${fields.constrain ? " { Constrain = true }" : "()"}${last});`);
      lines.push("foreach (Detection detection in found.Detections)", "    Console.WriteLine($\"{detection.Label} {detection.Score:f2} {detection.Box}\");", "found.DrawOn(image).SavePng(\"out.png\");");
      break;
    case "segment":
      lines.push(`var found = await model.SegmentAsync(image, ${things}${fields.constrain ? ", segmentation: new SegmentationOptions { Constrain = true }" : ""}${last});`);
      lines.push("foreach (Segment segment in found.Segments)", "    Console.WriteLine($\"{segment.Label} {segment.Score:f2} {segment.Mask.Area} pixels\");", "found.DrawOn(image).SavePng(\"out.png\");");
      break;
  }
  return lines.join("\n");
}

function optionsOf(fields) {
  const parts = [];
  if (fields.max_tokens) parts.push(`MaxNewTokens = ${fields.max_tokens}`);
  const sampling = [];
  if (fields.temperature) sampling.push(`Temperature = ${fields.temperature}`);
  if (fields.seed !== undefined) sampling.push(`Seed = ${fields.seed}`);
  if (sampling.length > 0) parts.push(`Sampling = new SamplingOptions { ${sampling.join(", ")} }`);
  return parts.join(", ");
}
