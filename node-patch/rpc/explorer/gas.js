// Where gas went: by part and by layer.

import { all, h, s } from "./elements.js";
import { count, percent, shape } from "./format.js";
import { gasParts } from "./inferences.js";
import { more } from "./parts.js";

const PARTS = {
  run: "layers",
  load: "loading the model",
  io: "input and output",
  reads: "its record",
  call: "call",
  other: "contracts and transaction",
};
/** Layers shown before one asks for all. */
const MAX_LAYERS = 16;
/** Columns of the picture of many layers. */
const MAX_COLUMNS = 240;

/** The gas of inferences together, by part, and of `total` what is none of theirs. */
export function sumParts(inferences, total) {
  const sums = { run: 0, load: 0, io: 0, reads: 0, call: 0 };
  for (const inference of inferences) {
    for (const [part, gas] of gasParts(inference)) sums[part] += gas;
  }
  const inferred = Object.values(sums).reduce((sum, gas) => sum + gas, 0);
  return total === undefined ? sums : { ...sums, other: Math.max(total - inferred, 0) };
}

/** A bar of parts with its legend. */
export function gasBar(parts) {
  const shown = Object.keys(PARTS)
    .map((part) => [part, parts[part] ?? 0])
    .filter(([, gas]) => gas > 0);
  const total = shown.reduce((sum, [, gas]) => sum + gas, 0);
  let x = 0;
  const pieces = shown.map(([part, gas]) => {
    const width = (1000 * gas) / total;
    const piece = s(
      "rect",
      { class: `gas-${part}`, x, width: Math.max(width - 2, 1), height: 10 },
      s("title", {}, `${PARTS[part]}: ${count(gas)} gas`),
    );
    x += width;
    return piece;
  });
  return h(
    "div",
    { class: "gas" },
    s("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": true }, pieces),
    h(
      "ul",
      { class: "legend" },
      shown.map(([part, gas]) =>
        h(
          "li",
          {},
          h("i", { class: `gas-${part}` }),
          h("span", {}, PARTS[part]),
          h("b", {}, count(gas)),
          h("span", { class: "soft share" }, percent(gas / total)),
        ),
      ),
    ),
  );
}

/** The layers of a model with what each adds to a run's gas; of many, those that add most. */
export function layerBars(layers) {
  const gas = layers.map(({ milligas }) => Number(milligas) / 1000);
  const most = Math.max(...gas, 1e-9);
  const total = gas.reduce((sum, each) => sum + each, 0) || 1;
  const row = (index) => {
    const { operator, name, dtype, shape: sizes } = layers[index];
    return h(
      "li",
      {},
      h("span", { class: "index" }, operator),
      h(
        "span",
        { class: "operator" },
        name,
        h("span", { class: "soft" }, `${dtype} ${shape(sizes)}`),
      ),
      s(
        "svg",
        { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": true },
        s("rect", { class: "track", width: 100, height: 10 }),
        s("rect", { class: "gas-run", width: (100 * gas[index]) / most, height: 10 }),
      ),
      h("span", { class: "value" }, count(gas[index])),
      h("span", { class: "soft share" }, percent(gas[index] / total)),
    );
  };
  const order = layers.map((_, index) => index);
  if (layers.length <= MAX_LAYERS) return h("ol", { class: "layers" }, order.map(row));
  const largest = [...order].sort((a, b) => gas[b] - gas[a]).slice(0, MAX_LAYERS);
  const list = h("ol", { class: "layers" }, largest.map(row));
  const said = h(
    "p",
    { class: "soft layers-said" },
    `In their order above; the ${MAX_LAYERS} that take most:`,
  );
  const button = more(layers.length, "layer", () => {
    button.remove();
    said.remove();
    list.replaceChildren(...order.map(row));
  });
  return all(profile(gas, most), said, list, button);
}

/** The gas of many layers, one beside the other in their order. */
function profile(gas, most) {
  const size = Math.ceil(gas.length / MAX_COLUMNS);
  const count = Math.ceil(gas.length / size);
  const columns = Array.from({ length: count }, (_, column) => {
    const height = (60 * Math.max(...gas.slice(column * size, (column + 1) * size))) / most;
    return s("rect", { class: "gas-run", x: column * 10, y: 60 - height, width: 8, height });
  });
  return s(
    "svg",
    {
      class: "profile",
      viewBox: `0 0 ${count * 10} 60`,
      preserveAspectRatio: "none",
      "aria-hidden": true,
    },
    columns,
  );
}
