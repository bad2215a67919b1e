// A tensor as people look at it: an image, a series, classes, or numbers.

import { clean, h, s } from "./elements.js";
import { count, percent, real, shape as shapeText } from "./format.js";
import { dtypeName } from "./inferences.js";

/** Pixels of a picture's longer side on the page, at most. */
const PICTURE_PIXELS = 176;
const SMALL_PICTURE_PIXELS = 64;
/** Classes that get a bar each; more elements than that are a series. */
const MAX_BARS = 24;
const MAX_INPUT_BARS = 8;
const MAX_LINES = 8;
const MAX_NUMBERS = 64;
/** Lines of sizes further apart than this do not share a plot. */
const SAME_SIZE = 20;

/** How a tensor is best looked at. What a model answers is more often classes than a series. */
function kindOf({ shape, quantisation }, isAnswer) {
  if (imageLayout(shape)) return "image";
  const sizes = trimmed(shape);
  if (sizes.length === 0) return "number";
  if (sizes.length === 1) {
    if (sizes[0] <= (isAnswer ? MAX_BARS : MAX_INPUT_BARS)) return "bars";
    // One scale for each element: columns of a table, which have nothing to do with one another.
    return quantisation === 2 ? "numbers" : "series";
  }
  return sizes.length === 2 && Math.min(...sizes) <= MAX_LINES ? "series" : "numbers";
}

/** Sizes without the axes of 1. */
function trimmed(shape) {
  return shape.filter((size) => size !== 1);
}

/** Height, width, channels and strides of `[1, H, W, C]` or `[1, C, H, W]` with one or three channels. */
function imageLayout(shape) {
  if (shape.length !== 4 || shape[0] !== 1) return undefined;
  const [, a, b, c] = shape;
  const isColour = (channels) => channels === 1 || channels === 3;
  const layouts = [
    { height: b, width: c, channels: a, pixel: 1, channel: b * c },
    { height: a, width: b, channels: c, pixel: c, channel: 1 },
  ];
  return layouts.find(
    ({ height, width, channels }) => isColour(channels) && height > 3 && width > 3,
  );
}

/** A tensor with its name, type and picture. `isAnswer` marks the largest of several classes. */
export function tensorFigure({ port, values }, isAnswer) {
  return h(
    "figure",
    { class: "tensor" },
    h("figcaption", {}, h("b", {}, port.name), " ", h("span", { class: "soft" }, typeText(port))),
    drawing(port, values, isAnswer),
  );
}

/** Element type and shape of a port. */
export function typeText({ dtype, shape }) {
  return `${dtypeName(dtype)} ${shapeText(shape)}`;
}

function drawing(port, values, isAnswer) {
  switch (kindOf(port, isAnswer)) {
    case "image":
      return picture(port, values, PICTURE_PIXELS);
    case "number":
      return h("p", { class: "figure" }, real(values[0]));
    case "bars":
      return bars(values, isAnswer);
    case "series":
      return series(trimmed(port.shape), values);
    default:
      return numbers(values);
  }
}

/** A tensor in the space of a line of text or two. */
export function thumbnail({ port, values }, isAnswer) {
  switch (kindOf(port, isAnswer)) {
    case "image":
      return picture(port, values, SMALL_PICTURE_PIXELS);
    case "number":
      return h("span", { class: "figure" }, real(values[0]));
    case "bars":
      return columns(values, isAnswer);
    default:
      return sparkline(values.slice(0, 512));
  }
}

/** What an output answers, in words: the class, the number. Undefined if it is more than that. */
export function answerOf({ port, values }) {
  const kind = kindOf(port, true);
  if (kind === "number") return `${clean(port.name)} ${real(values[0])}`;
  if (kind !== "bars") return undefined;
  const best = largest(values);
  return isDistribution(values) ? `class ${best}, ${percent(values[best])}` : `class ${best}`;
}

function largest(values) {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

/** Whether these are shares of one. */
function isDistribution(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.every((value) => value >= 0 && value <= 1.001) && Math.abs(sum - 1) < 0.02;
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** The image on a canvas of its own size, scaled up without smoothing. */
function picture({ name, shape }, values, pixels) {
  const { height, width, channels, pixel, channel } = imageLayout(shape);
  const [low, high] = extent(values);
  const level = (value) => (high > low ? (255 * (value - low)) / (high - low) : 0);
  const canvas = h("canvas", {
    class: "picture",
    width,
    height,
    role: "img",
    "aria-label": `${clean(name)}: an image of ${width} by ${height} pixels`,
  });
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    for (let part = 0; part < 3; part += 1) {
      const source = at * pixel + (channels === 3 ? part * channel : 0);
      image.data[4 * at + part] = level(values[source]);
    }
    image.data[4 * at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  const factor = pixels / Math.max(width, height);
  const scale = factor >= 1 ? Math.floor(factor) : factor;
  canvas.style.width = `${Math.round(scale * width)}px`;
  canvas.style.height = `${Math.round(scale * height)}px`;
  return canvas;
}

/** A bar for each class, the largest marked. */
function bars(values, isAnswer) {
  const [low, high] = extent([...values, 0]);
  const size = high - low || 1;
  const best = isAnswer && values.length > 1 ? largest(values) : -1;
  const text = isDistribution(values) ? percent : real;
  return h(
    "ol",
    { class: "bars", start: 0 },
    values.map((value, index) =>
      h(
        "li",
        { class: index === best ? "best" : "" },
        h("span", { class: "index" }, index),
        s(
          "svg",
          { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": true },
          s("rect", { class: "track", width: 100, height: 10 }),
          s("rect", {
            class: "bar",
            x: (100 * (Math.min(value, 0) - low)) / size,
            width: (100 * Math.abs(value)) / size,
            height: 10,
          }),
        ),
        h("span", { class: "value" }, text(value)),
      ),
    ),
  );
}

/** The same in small, upright. */
function columns(values, isAnswer) {
  const [low, high] = extent([...values, 0]);
  const size = high - low || 1;
  const best = isAnswer && values.length > 1 ? largest(values) : -1;
  const width = 72 / values.length;
  const columns = values.map((value, index) =>
    s("rect", {
      class: index === best ? "bar best" : "bar",
      x: index * width,
      y: (38 * (high - Math.max(value, 0))) / size,
      width: Math.max(0.72 * width, 1),
      height: Math.max((38 * Math.abs(value)) / size, 0.75),
      rx: 0.5,
    }),
  );
  return s(
    "svg",
    {
      class: "columns",
      viewBox: "0 0 72 38",
      role: "img",
      "aria-label": `${values.length} numbers`,
    },
    columns,
  );
}

/** Lines over time: `[steps]`, `[steps, lines]`, or `[lines, steps]` if the lines are the fewer. */
function series(sizes, values) {
  const lines = linesOf(sizes, values);
  const spans = lines.map((line) => Math.max(...extent(line).map(Math.abs)));
  const [smallest, most] = extent(spans);
  const groups =
    most > SAME_SIZE * Math.max(smallest, 1e-12) ? lines.map((line) => [line]) : [lines];
  return h(
    "div",
    { class: "plots" },
    groups.map((group, index) => plot(group, groups.length > 1 ? index : 0)),
  );
}

function linesOf([first, second], values) {
  if (second === undefined) return [values];
  const isLineLast = second <= first;
  const [steps, count] = isLineLast ? [first, second] : [second, first];
  const at = (line, step) => (isLineLast ? step * count + line : line * steps + step);
  return Array.from({ length: count }, (_, line) =>
    Array.from({ length: steps }, (_, step) => values[at(line, step)]),
  );
}

function plot(lines, firstColour) {
  const [width, height] = [320, lines.length > 1 ? 140 : 96];
  const [low, high] = extent(lines.flat());
  const steps = lines[0].length;
  const x = (step) => (steps > 1 ? (step * width) / (steps - 1) : width / 2);
  const y = (value) =>
    high > low ? 4 + ((high - value) * (height - 8)) / (high - low) : height / 2;
  const path = (line) =>
    line.map((value, step) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return h(
    "div",
    { class: "plot" },
    s(
      "svg",
      {
        viewBox: `0 0 ${width} ${height}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${lines.length} series of ${steps} from ${real(low)} to ${real(high)}`,
      },
      low < 0 && high > 0 && s("line", { class: "zero", x2: width, y1: y(0), y2: y(0) }),
      lines.map((line, index) =>
        s("polyline", {
          class: `line line${(firstColour + index) % MAX_LINES}`,
          points: path(line),
        }),
      ),
    ),
    h("span", { class: "high" }, real(high)),
    h("span", { class: "low" }, real(low)),
  );
}

function sparkline(values) {
  const [low, high] = extent(values);
  const y = (value) => (high > low ? 2 + (34 * (high - value)) / (high - low) : 19);
  const points = values.map(
    (value, index) => `${(72 * index) / (values.length - 1 || 1)},${y(value)}`,
  );
  return s(
    "svg",
    {
      class: "columns",
      viewBox: "0 0 72 38",
      role: "img",
      "aria-label": `a series of ${values.length}`,
    },
    s("polyline", { class: "line line0", points: points.join(" ") }),
  );
}

function numbers(values) {
  const shown = Array.from(values.slice(0, MAX_NUMBERS), (value) => h("li", {}, real(value)));
  const rest = values.length - shown.length;
  return h(
    "ol",
    { class: "numbers" },
    shown,
    rest > 0 && h("li", { class: "soft" }, `and ${count(rest)} more`),
  );
}
