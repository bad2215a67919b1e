// An inference: as a card with its tensors in full, and as a line of a list.

import { revertError } from "./contracts.js";
import { all, h } from "./elements.js";
import { count, counted } from "./format.js";
import { gasBar, layerBars, sumParts } from "./gas.js";
import { tensorsOf } from "./inferences.js";
import { costOf, recordOf } from "./models.js";
import { accountLink, blockLink, chip, modelLink, transactionLink } from "./parts.js";
import { answerOf, tensorFigure, thumbnail } from "./tensors.js";
import { argumentList } from "./values.js";

/** Runs of a batch that are drawn. */
const MAX_RUNS = 4;

/** The card of an inference with its gas by part and by layer. */
export async function inferenceCard(inference) {
  const [record, cost] = await Promise.all([recordOf(inference.model), costOf(inference.model)]);
  const runs = Number(inference.runs ?? 0);
  return h(
    "article",
    { class: "inference card" },
    h(
      "header",
      {},
      h("h3", {}, modelLink(inference.model)),
      h("code", { class: "soft" }, inference.function),
      runs > 1 && chip(counted(runs, "run")),
      inference.error && chip("failed", "bad"),
      h("span", { class: "push soft" }, "called by ", accountLink(inference.from)),
    ),
    inference.error && failure(inference),
    record && drawings(inference, record, runs),
    inference.gas && gasSection(inference),
    // What was refused before it ran has no layers to speak of.
    cost && cost.layers.length > 0 && Number(inference.gas?.run ?? 0) > 0 && layers(cost, runs),
  );
}

function gasSection(inference) {
  const parts = sumParts([inference]);
  const total = Object.values(parts).reduce((sum, gas) => sum + gas, 0);
  return all(h("h4", {}, "Gas ", h("span", { class: "note" }, count(total))), gasBar(parts));
}

function layers({ layers }, runs) {
  return h(
    "details",
    { open: true },
    h(
      "summary",
      {},
      "By layer ",
      h("span", { class: "note" }, counted(layers.length, "operator"), runs > 1 && ", of one run"),
    ),
    layerBars(layers),
  );
}

function failure({ error, failure }) {
  const known = failure && revertError(failure);
  return h(
    "p",
    { class: "failure" },
    known ? all(h("b", {}, known.name), " ", argumentList(known.list)) : error,
  );
}

function drawings(inference, record, runs) {
  const shown = Math.min(runs, MAX_RUNS);
  const list = Array.from({ length: shown }, (_, run) => {
    const { inputs, outputs } = tensorsOf(inference, record, run);
    return h(
      "div",
      { class: "drawings" },
      h(
        "div",
        {},
        inputs?.map((tensor) => tensorFigure(tensor)) ?? "The input does not fit the model.",
      ),
      outputs && h("span", { class: "arrow", "aria-label": "gives" }, "\u2192"),
      outputs &&
        h(
          "div",
          {},
          outputs.map((tensor) => tensorFigure(tensor, true)),
        ),
    );
  });
  return all(
    list,
    runs > shown && h("p", { class: "soft" }, `and ${counted(runs - shown, "run")} more`),
  );
}

/** An inference in a list: input, answer, where it was made. */
export async function inferenceLine(inference) {
  const record = await recordOf(inference.model);
  const { inputs, outputs } = record ? tensorsOf(inference, record) : {};
  const answer = outputs
    ?.map(answerOf)
    .filter((text) => text !== undefined)
    .slice(0, 2)
    .join(" \u00b7 ");
  const runs = Number(inference.runs ?? 1);
  return h(
    "li",
    { class: "inference-line" },
    h(
      "div",
      { class: "thumb" },
      inputs?.slice(0, 1).map((tensor) => thumbnail(tensor)),
    ),
    h("span", { class: "arrow", "aria-hidden": true }, outputs ? "\u2192" : ""),
    h(
      "div",
      { class: "thumb" },
      outputs?.slice(0, 1).map((tensor) => thumbnail(tensor, true)),
    ),
    h(
      "div",
      { class: "told" },
      h(
        "p",
        {},
        h(
          "a",
          { href: `#/transaction/${inference.transaction}`, class: "answer" },
          inference.error ? chip("failed", "bad") : answer || "answered",
        ),
        runs > 1 && h("span", { class: "soft" }, ` and ${counted(runs - 1, "more run")}`),
      ),
      h(
        "p",
        { class: "soft" },
        modelLink(inference.model),
        ` \u00b7 ${count(inference.gasUsed)} gas`,
      ),
    ),
    h(
      "div",
      { class: "place soft" },
      h("p", {}, transactionLink(inference.transaction)),
      h("p", {}, "block ", blockLink(inference.block)),
    ),
  );
}
