// The page: picture, task, answer.
import { ApiError, hasKey, isReady, models, setKey, stream, vision } from "./api.js";
import { Overlay, colorOf } from "./overlay.js";
import { cli, code, curl } from "./snippets.js";
import { languages, readRequest, samples, tasks } from "./tasks.js";

const $ = id => document.getElementById(id);
const form = id => $(id).type === "checkbox" ? $(id).checked : $(id).value;
// Before that nobody needs to be told that an answer is awaited.
const patience = 800;
let healthTimer = null;
const state = { file: null, task: "detect", answer: null, running: null, request: null };
const overlay = new Overlay($("boxes"), $("masks"), index => {
  for (const row of $("objects").children) row.classList.toggle("hot", row.dataset.object === String(index));
});

// ---- set-up

for (const task of tasks) {
  const label = document.createElement("label");
  label.innerHTML = `<input type="radio" name="task"><span><svg viewBox="0 0 24 24" aria-hidden="true"><path></path></svg><i></i></span>`;
  const input = label.querySelector("input");
  input.value = task.id;
  input.checked = task.id === state.task;
  label.querySelector("path").setAttribute("d", task.icon);
  const name = label.querySelector("i");
  name.replaceWith(task.name);
  input.addEventListener("change", () => chooseTask(task.id));
  $("tasks").append(label);
}

for (const [value, name] of languages) $("language").append(new Option(name, value));

for (const sample of samples) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sample";
  button.setAttribute("aria-pressed", "false");
  button.title = sample.alt;
  const image = new Image();
  image.src = `/samples/${sample.file}`;
  image.alt = `Sample: ${sample.alt}`;
  button.append(image);
  button.addEventListener("click", () => useSample(sample, button));
  $("samples").append(button);
}

$("choose").addEventListener("click", () => $("file").click());
$("replace").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => $("file").files[0] && setPicture($("file").files[0]));
$("panel").addEventListener("submit", event => { event.preventDefault(); run(); });
$("stop").addEventListener("click", () => state.running?.abort());
$("panel").addEventListener("input", updateCode);
$("code-kinds").addEventListener("change", updateCode);
$("model").addEventListener("change", updateCode);
$("copy").addEventListener("click", copyCode);
$("save-json").addEventListener("click", () => save(new Blob([JSON.stringify(state.answer, null, 2)], { type: "application/json" }), "json"));
$("save-png").addEventListener("click", async () => save(await overlay.toBlob($("picture")), "png"));
$("show-labels").addEventListener("change", event => overlay.setOption("labels", event.target.checked));
$("show-masks").addEventListener("change", event => overlay.setOption("masks", event.target.checked));
$("toggle-all").addEventListener("click", toggleAll);
$("theme").addEventListener("click", switchTheme);
$("key-form").addEventListener("submit", event => {
  event.preventDefault();
  setKey($("key").value.trim());
  start();
});

document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
  if (event.key === "Escape") state.running?.abort();
});

document.addEventListener("paste", event => {
  const file = [...event.clipboardData.files].find(item => item.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    setPicture(file);
  }
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, event => { event.preventDefault(); $("drop").classList.add("over"); });
}
document.addEventListener("dragleave", event => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
document.addEventListener("drop", event => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) setPicture(file);
  else showError(new ApiError("That is no file", "Drop a picture file, or paste a picture.", 0));
});

const savedTheme = localStorage.getItem("palisharp-theme");
if (savedTheme) document.documentElement.dataset.theme = savedTheme;
chooseTask(state.task);
start();

async function start() {
  watchHealth();
  try {
    const served = await models();
    $("model").replaceChildren(...served.map(model => new Option(model.id, model.id)));
    $("model").parentElement.hidden = false;
    $("key-card").hidden = true;
    $("notice").hidden = !served.some(model => model.is_demonstration);
    updateCode();
  } catch (error) {
    showError(error);
  }
}

async function watchHealth() {
  clearTimeout(healthTimer);
  healthTimer = setTimeout(() => showHealth("connecting"), patience);
  const status = await isReady();
  clearTimeout(healthTimer);
  showHealth(status);
  healthTimer = setTimeout(watchHealth, status === "ready" ? 20000 : 2000);
}

function showHealth(status) {
  $("health").className = `health ${status}`;
  $("health").querySelector(".health-text").textContent = status;
}

// ---- picture

async function useSample(sample, button) {
  const response = await fetch(`/samples/${sample.file}`);
  const blob = await response.blob();
  setPicture(new File([blob], sample.file, { type: blob.type }), button);
  if (sample.things) $("things").value = sample.things;
  chooseTask(sample.task);
}

function setPicture(file, sampleButton = null) {
  state.running?.abort();
  state.file = file;
  for (const button of document.querySelectorAll(".sample")) button.setAttribute("aria-pressed", String(button === sampleButton));
  clearAnswer();
  $("frame").style.aspectRatio = "";
  const image = $("picture");
  if (image.src) URL.revokeObjectURL(image.src);
  image.alt = `The chosen picture: ${file.name}`;
  $("frame").classList.remove("no-preview");
  image.onload = () => {
    $("picture-info").textContent = `${file.name} · ${image.naturalWidth}×${image.naturalHeight}`;
    image.style.width = `${Math.round(image.naturalWidth * enlargement(image))}px`;
  };
  image.onerror = () => {
    $("frame").classList.add("no-preview");
    $("picture-info").textContent = `${file.name} · this browser cannot show it, the server may still read it`;
  };
  image.src = URL.createObjectURL(file);
  $("empty").hidden = true;
  $("frame").hidden = false;
  $("replace").hidden = false;
  $("drop").classList.add("has-picture");
  updateCode();
}

// Small pictures are shown larger, so that boxes and labels have room.
const enlargement = image => Math.max(1, Math.min(3, 560 / image.naturalWidth, 480 / image.naturalHeight));

// ---- task

function chooseTask(id) {
  state.task = id;
  for (const input of document.querySelectorAll("input[name=task]")) input.checked = input.value === id;
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(id);
  $("task-help").textContent = tasks.find(task => task.id === id).help;
  updateCode();
}

async function run() {
  if (state.running) return;
  clearAnswer();
  if (!state.file) {
    showError(new ApiError("No picture yet", "Drop or paste one, choose a file, or take a sample.", 0));
    $("choose").focus();
    return;
  }

  let request;
  try {
    request = readRequest(state.task, form);
  } catch (error) {
    showError(new ApiError("Something is missing", error.message, 0));
    return;
  }

  const abort = new AbortController();
  state.running = abort;
  setBusy(true);
  const started = performance.now();
  try {
    if (request.kind === "text") await runText(request, abort.signal);
    else await runTyped(request, abort.signal);
    $("meta").append(`${$("meta").textContent ? " · " : ""}${((performance.now() - started) / 1000).toFixed(2)} s`);
  } catch (error) {
    if (error.name === "AbortError") say("Stopped.");
    else showError(error);
  } finally {
    state.running = null;
    setBusy(false);
    $("text").classList.remove("streaming");
  }
}

async function runText(request, signal) {
  const output = $("text");
  let text = "";
  const answer = { task: state.task, prompt: request.prompt };
  $("placeholder").hidden = true;
  for await (const event of stream($("model").value, state.file, request.prompt, request.chat, signal)) {
    if (event.text) {
      text += event.text;
      output.hidden = false;
      output.classList.add("streaming");
      output.textContent = text;
    }
    if (event.finish) answer.finish_reason = event.finish;
    if (event.usage) Object.assign(answer, { usage: event.usage, timings: event.timings });
  }
  output.hidden = false;
  output.textContent = text === "" ? "(The model wrote nothing.)" : text;
  state.answer = { ...answer, text };
  if (answer.finish_reason === "length") warn(["The answer was cut at the most tokens allowed. Raise “Most tokens” in the settings."]);
  finish(answer, text === "" ? "The model wrote nothing." : `Answer: ${text}`);
}

async function runTyped(request, signal) {
  const answer = await vision(request.route, state.file, { ...request.fields, ...modelField() }, signal);
  state.answer = answer;
  $("placeholder").hidden = true;
  const result = answer.results[0];
  if (request.kind === "labels") {
    showLabels(result.labels);
    finish(answer, `Best label: ${result.labels[0].label}`);
    return;
  }
  const found = result.detections ?? result.segments;
  $("frame").style.aspectRatio = `${result.width} / ${result.height}`;
  overlay.show(found, result.width, result.height);
  showObjects(found);
  warn(result.warnings);
  $("view-switches").hidden = found.length === 0;
  $("show-masks-label").hidden = !found.some(object => object.mask);
  finish(answer, found.length === 0 ? "Nothing found." : `Found ${found.length}: ${found.map(object => object.label).join(", ")}`);
}

const modelField = () => $("model").value ? { model: $("model").value } : {};

function finish(answer, spoken) {
  const parts = [];
  if (answer.usage) parts.push(`${answer.usage.prompt_tokens} tokens in, ${answer.usage.completion_tokens} out`);
  if (answer.timings?.answer_tokens_per_second) parts.push(`${answer.timings.answer_tokens_per_second} tokens/s`);
  $("meta").textContent = parts.join(" · ");
  $("actions").hidden = false;
  say(spoken);
}

// ---- answer

function clearAnswer() {
  overlay.clear();
  state.answer = null;
  for (const id of ["error", "text", "object-tools", "warnings", "actions", "view-switches"]) $(id).hidden = true;
  $("objects").replaceChildren();
  $("meta").textContent = "";
  $("placeholder").hidden = false;
  $("text").textContent = "";
}

function showObjects(found) {
  $("object-tools").hidden = false;
  $("object-count").textContent = found.length === 0 ? "Nothing found." : `${found.length} found`;
  $("toggle-all").hidden = found.length < 2;
  $("toggle-all").textContent = "Hide all";
  $("objects").replaceChildren(...found.map((object, index) => {
    const row = document.createElement("li");
    row.className = "object";
    row.dataset.object = index;
    const box = object.box.map(value => Math.round(value)).join(", ");
    row.innerHTML = `<input type="checkbox" checked><span class="badge" aria-hidden="true"></span><label class="name"><span></span><span class="where"></span></label><span class="score"></span>`;
    const check = row.querySelector("input");
    check.id = `object-${index}`;
    row.querySelector("label").htmlFor = check.id;
    row.querySelector(".badge").textContent = index + 1;
    row.querySelector(".badge").style.background = colorOf(index);
    row.querySelector(".name span").textContent = object.label || "(no label)";
    row.querySelector(".where").textContent = object.area === undefined ? box : `${box} · ${object.area} pixels`;
    row.querySelector(".score").textContent = object.score.toFixed(3);
    check.addEventListener("change", () => overlay.setVisible(index, check.checked));
    row.addEventListener("pointerenter", () => overlay.highlight(index));
    row.addEventListener("pointerleave", () => overlay.highlight(null));
    check.addEventListener("focus", () => overlay.highlight(index));
    check.addEventListener("blur", () => overlay.highlight(null));
    return row;
  }));
}

function showLabels(labels) {
  $("objects").replaceChildren(...labels.map((item, index) => {
    const row = document.createElement("li");
    row.className = index === 0 ? "rank best" : "rank";
    row.innerHTML = `<span class="name"></span><span class="score"></span><meter min="0" max="1"></meter>`;
    row.querySelector(".name").textContent = item.label;
    row.querySelector(".score").textContent = `${(item.probability * 100).toFixed(1)} %`;
    row.querySelector("meter").value = item.probability;
    row.querySelector("meter").setAttribute("aria-label", item.label);
    return row;
  }));
}

function toggleAll() {
  const checks = [...$("objects").querySelectorAll("input")];
  const show = checks.every(check => !check.checked);
  checks.forEach((check, index) => {
    check.checked = show;
    overlay.setVisible(index, show);
  });
  $("toggle-all").textContent = show ? "Hide all" : "Show all";
}

function warn(warnings) {
  $("warnings").hidden = warnings.length === 0;
  $("warnings").textContent = warnings.join(" ");
}

function showError(error) {
  if (error.status === 401) {
    askForKey(error);
    return;
  }
  $("placeholder").hidden = true;
  $("error").hidden = false;
  $("error-title").textContent = error.title ?? "Something went wrong";
  $("error-text").textContent = error.message;
}

function askForKey(error) {
  $("key-error").hidden = !hasKey();
  $("key-error").textContent = error.message;
  $("key-card").hidden = false;
  $("key").focus();
}

const say = text => { $("live").textContent = text; };

function setBusy(busy) {
  $("run").disabled = busy;
  $("run").firstChild.textContent = busy ? "Working… " : "Run ";
  $("stop").hidden = !busy;
  $("frame").classList.toggle("busy", busy);
  if (busy) say("Working.");
}

// ---- code, files, theme

function updateCode() {
  let request;
  try {
    request = readRequest(state.task, form);
  } catch (error) {
    $("code").textContent = `# ${error.message}`;
    return;
  }
  const name = state.file?.name ?? "picture.png";
  const kind = document.querySelector("input[name=code]:checked").value;
  const several = $("model").options.length > 1 ? $("model").value : null;
  $("code").textContent = kind === "curl" ? curl(request, name, several, location.origin, hasKey())
    : kind === "cli" ? cli(request, name) : code(request, name);
}

async function copyCode() {
  const text = $("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren($("code"));
    document.execCommand("copy");
  }
  $("copy").textContent = "Copied";
  say("Copied.");
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
}

function save(blob, extension) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${state.file.name.replace(/\.[^.]*$/, "")}-${state.task}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("palisharp-theme", root.dataset.theme);
}
