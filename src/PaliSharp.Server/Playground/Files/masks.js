// Masks as COCO annotations hold them: run lengths down the columns, in a compact text.

/** Reads the run lengths: numbers in groups of five bits, each the difference to the one two before. */
export function readCounts(text) {
  const counts = [];
  for (let i = 0; i < text.length;) {
    let value = 0;
    let shift = 0;
    let more = true;
    while (more) {
      const code = text.charCodeAt(i++) - 48;
      value |= (code & 31) << shift;
      more = (code & 32) !== 0;
      shift += 5;
      if (!more && (code & 16) !== 0 && shift < 32) value |= -1 << shift;
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}

/** The mask as one byte a pixel, row by row. */
export function readMask({ size: [height, width], counts }) {
  const pixels = new Uint8Array(width * height);
  let position = 0;
  let on = false;
  for (const count of readCounts(counts)) {
    if (on) {
      for (let i = position; i < position + count; i++) pixels[(i % height) * width + Math.floor(i / height)] = 1;
    }
    position += count;
    on = !on;
  }
  return { width, height, pixels };
}

/**
 * Paints a mask: translucent and hatched in a direction of its own, so that masks differ without colour too; a dark border with a light one
 * inside it, so that it shows on things of any colour.
 */
export function paintMask(image, mask, color, index) {
  const { width, height, pixels } = mask;
  const data = image.data;
  const stripes = [(x, y) => x + y, (x, y) => x - y + height, x => x, (x, y) => y][index % 4];
  const unit = Math.min(width, height);
  const period = Math.max(6, Math.round(unit / 28));
  const border = Math.max(1, Math.round(unit / 220));
  const isIn = (x, y) => x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] === 1;
  const isNearEdge = (x, y, distance) => !isIn(x - distance, y) || !isIn(x + distance, y) || !isIn(x, y - distance) || !isIn(x, y + distance);
  const paint = (x, y, red, green, blue, alpha) => data.set([red, green, blue, alpha], (y * width + x) * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x] !== 1) continue;
      if (isNearEdge(x, y, border)) paint(x, y, 20, 20, 20, 255);
      else if (isNearEdge(x, y, 2 * border)) paint(x, y, 255, 255, 255, 255);
      else paint(x, y, ...color, stripes(x, y) % period < period / 4 ? 190 : 110);
    }
  }
}
