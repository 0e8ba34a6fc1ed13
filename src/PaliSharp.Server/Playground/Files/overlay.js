// Draws boxes and masks over the picture, on the page and into files.
import { paintMask, readMask } from "./masks.js";

// Distinguishable for colour-blind people (after Okabe and Ito); objects also differ by number and dashes.
const colors = [[86, 180, 233], [230, 159, 0], [0, 190, 140], [240, 228, 66], [213, 94, 0], [204, 121, 167], [255, 255, 255], [150, 150, 255]];
const dashes = ["", "10 5", "3 4", "14 4 3 4"];
const svgSpace = "http://www.w3.org/2000/svg";

export const colorOf = index => `rgb(${colors[index % colors.length].join(" ")})`;

const element = (name, attributes) => {
  const made = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

export class Overlay {
  constructor(svg, canvas, onHover) {
    this.svg = svg;
    this.canvas = canvas;
    this.onHover = onHover;
    this.objects = [];
    this.options = { labels: true, masks: true };
    new ResizeObserver(() => this.draw()).observe(svg.parentElement);
  }

  /** Shows objects; each has label, score, box and perhaps a mask, in pixels of a picture of this size. */
  show(objects, width, height) {
    this.width = width;
    this.height = height;
    this.objects = objects.map((object, index) => ({ ...object, index, visible: true, pixels: object.mask ? readMask(object.mask) : null }));
    this.hot = null;
    this.draw();
  }

  clear() {
    this.objects = [];
    this.draw();
  }

  get scale() {
    return this.svg.clientWidth / this.width || 1;
  }

  draw() {
    this.svg.replaceChildren();
    const shown = this.objects.filter(object => object.visible);
    const scale = this.scale;
    const taken = [];
    for (const object of shown) this.svg.append(this.group(object, scale, taken));
    this.drawMasks(shown);
  }

  group(object, scale, taken) {
    const [x1, y1, x2, y2] = object.box.map(value => value * scale);
    const color = colorOf(object.index);
    const isHot = this.hot === object.index;
    const group = element("g", { "data-object": object.index, class: this.hot !== null && !isHot ? "dim" : "" });
    const shape = { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1), fill: "none", rx: 2 };
    const width = isHot ? 4 : 2.5;
    group.append(element("rect", { ...shape, stroke: "#000", "stroke-opacity": .75, "stroke-width": width + 2.5 }));
    group.append(element("rect", { ...shape, stroke: color, "stroke-width": width, "stroke-dasharray": dashes[object.index % dashes.length] }));
    if (this.options.labels) group.append(this.label(object, x1, y1, y2, color, taken));
    const hit = element("rect", { ...shape, fill: "transparent", class: "hit" });
    hit.addEventListener("pointerenter", () => this.highlight(object.index));
    hit.addEventListener("pointerleave", () => this.highlight(null));
    group.append(hit);
    return group;
  }

  label(object, x, top, bottom, color, taken) {
    const text = labelOf(object);
    const group = element("g", {});
    const width = textWidth(text, "600 13px system-ui, sans-serif") + 12;
    const height = 21;
    const limit = this.svg.clientWidth;
    const left = Math.max(0, Math.min(x - 1, limit - width));
    const places = [top - height, top, bottom, bottom - height, top + height, bottom + height];
    const free = y => y >= 0 && y + height <= this.svg.clientHeight && !taken.some(other => left < other.right && left + width > other.left && y < other.bottom && y + height > other.top);
    const y = places.find(free) ?? Math.max(0, top);
    taken.push({ left, right: left + width, top: y, bottom: y + height });
    group.append(element("rect", { x: left, y, width, height, rx: 3, fill: color, stroke: "#000", "stroke-opacity": .6 }));
    const word = element("text", { x: left + 6, y: y + 15 });
    word.textContent = text;
    group.append(word);
    return group;
  }

  drawMasks(shown) {
    const masked = this.options.masks ? shown.filter(object => object.pixels) : [];
    this.canvas.width = masked.length > 0 ? this.width : 1;
    this.canvas.height = masked.length > 0 ? this.height : 1;
    if (masked.length > 0) this.canvas.getContext("2d").drawImage(masksOf(masked, this.width, this.height, this.hot), 0, 0);
  }

  highlight(index) {
    if (this.hot === index) return;
    this.hot = index;
    for (const group of this.svg.querySelectorAll("[data-object]")) group.classList.toggle("dim", index !== null && Number(group.dataset.object) !== index);
    this.drawMasks(this.objects.filter(object => object.visible));
    this.onHover(index);
  }

  setVisible(index, visible) {
    this.objects[index].visible = visible;
    this.draw();
  }

  setOption(name, value) {
    this.options[name] = value;
    this.draw();
  }

  /** The picture with what is shown, in its own size. */
  async toBlob(image) {
    const canvas = document.createElement("canvas");
    canvas.width = this.width ?? image.naturalWidth;
    canvas.height = this.height ?? image.naturalHeight;
    const context = canvas.getContext("2d");
    if (image.naturalWidth > 0) context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const shown = this.objects.filter(object => object.visible);
    const masked = this.options.masks ? shown.filter(object => object.pixels) : [];
    if (masked.length > 0) context.drawImage(masksOf(masked, canvas.width, canvas.height, null), 0, 0);
    const unit = Math.max(1, Math.min(canvas.width, canvas.height) / 400);
    for (const object of shown) paintBox(context, object, unit, this.options.labels);
    return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
  }
}

const labelOf = object => `${object.index + 1} ${object.label}`.trim() + ` ${object.score.toFixed(2)}`;

let measuring = null;
function textWidth(text, font) {
  measuring ??= document.createElement("canvas").getContext("2d");
  measuring.font = font;
  return measuring.measureText(text).width;
}

function masksOf(objects, width, height, hot) {
  const layer = document.createElement("canvas");
  layer.width = width;
  layer.height = height;
  const context = layer.getContext("2d");
  const image = context.createImageData(width, height);
  for (const object of objects) {
    if (hot === null || hot === object.index) paintMask(image, object.pixels, colors[object.index % colors.length], object.index);
  }
  context.putImageData(image, 0, 0);
  return layer;
}

function paintBox(context, object, unit, withLabel) {
  const [x1, y1, x2, y2] = object.box;
  for (const [style, width, dash] of [["rgb(0 0 0 / 75%)", 4.5, ""], [colorOf(object.index), 2.2, dashes[object.index % dashes.length]]]) {
    context.strokeStyle = style;
    context.lineWidth = width * unit;
    context.setLineDash(dash === "" ? [] : dash.split(" ").map(part => Number(part) * unit));
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  }
  if (!withLabel) return;
  const size = 13 * unit;
  context.font = `600 ${size}px system-ui, sans-serif`;
  const text = labelOf(object);
  const width = context.measureText(text).width + 10 * unit;
  const height = size * 1.6;
  const left = Math.max(0, Math.min(x1, context.canvas.width - width));
  const top = y1 >= height ? y1 - height : y1;
  context.fillStyle = colorOf(object.index);
  context.fillRect(left, top, width, height);
  context.fillStyle = "#111";
  context.fillText(text, left + 5 * unit, top + height * .72);
}
