// A model: its card, what it takes and gives, what it costs by layer, what it has earned, what it did.

import { headNumber } from "../blocks.js";
import { all, fill, fillLater, h } from "../elements.js";
import { bytes, count, counted, percent, real } from "../format.js";
import { gasBar, layerBars } from "../gas.js";
import { inferenceLine } from "../inference-cards.js";
import { inferencesIn } from "../inferences.js";
import {
  costOf,
  directory,
  earningsOf,
  idText,
  latestRoot,
  listingOf,
  recordOf,
} from "../models.js";
import {
  accountLink,
  amount,
  blockLink,
  chip,
  copyable,
  empty,
  facts,
  heading,
  modelLink,
  priceText,
  section,
  table,
} from "../parts.js";
import { typeText } from "../tensors.js";
import { cardPicture } from "./models.js";

const NOBODY = `0x${"0".repeat(40)}`;
const MAX_INFERENCES = 8;
/** Blocks that are searched for inferences before one asks for more, and at a time. */
const SEARCHED = 256;
const STEP = 32;

export async function model(id) {
  const root = (id.length === 66 ? await latestRoot(BigInt(id)) : id).toLowerCase();
  const [record, cost, listing, models, head] = await Promise.all([
    recordOf(root),
    costOf(root),
    listingOf(root),
    directory(),
    headNumber(),
  ]);
  if (cost === undefined && record === undefined) return undefined;
  const known = models.get(root);
  const name = listing?.name || "Model";
  const earnings = h("div", {});
  const recent = h(
    "div",
    {},
    section("Inferences", undefined, empty("Looking for them", "Blocks are run again.")),
  );
  const search = searchOf(root, recent, head);
  if (listing !== undefined) await fillLater(earnings, earningsSection(listing));
  fillLater(recent, search.older());
  return {
    title: name,
    content: all(
      h(
        "div",
        { class: "model-top" },
        cardPicture(listing, name),
        h(
          "div",
          {},
          heading("Model", h("span", { class: "model-name" }, name)),
          h(
            "p",
            { class: "chips" },
            listing?.tags.map((tag) => chip(tag)),
            !record && chip("not activated", "warn"),
            listing?.isRetired && chip("retired", "warn"),
          ),
          facts(
            ["Root", copyable(root)],
            ["Price", listing ? priceText(listing.price, listing.token) : "not in the registry"],
            ["Owner", listing && accountLink(listing.owner)],
            ["Callers", listing && listing.access],
            ["Gate", record && gate(record.gate)],
            [
              "Written",
              known?.block !== undefined && [
                `by `,
                accountLink(known.writer),
                " in block ",
                blockLink(known.block),
              ],
            ],
          ),
        ),
      ),
      record && portsSection(record),
      cost && costSection(cost),
      earnings,
      recent,
      record && recordSection(record, cost, listing),
    ),
    async onHead(number) {
      if (!(await search.onHead(number))) return;
      fill(recent, await search.section());
      if (listing !== undefined) await fillLater(earnings, earningsSection(listing));
    },
  };
}

function gate(address) {
  return address === NOBODY
    ? "none: anybody may call it"
    : ["only ", accountLink(address), " may call it"];
}

function portsSection({ inputs, outputs }) {
  const row = (side) => (port) => [
    h("span", { class: "soft" }, side),
    h("b", {}, port.name),
    typeText(port),
    scaleText(port),
    rangeText(port),
  ];
  return section(
    "Inputs and outputs",
    undefined,
    table(
      [
        ["", ""],
        ["Name", ""],
        ["Elements", ""],
        ["An element stands for", "roomy"],
        ["Out of range", "roomy"],
      ],
      [...inputs.map(row("in")), ...outputs.map(row("out"))],
      "Inputs and outputs",
    ),
  );
}

function scaleText({ quantisation, scaleNumerator, scaleDenominator, zeroPoint, axis }) {
  if (quantisation === 0) return "itself, an integer";
  if (quantisation === 2)
    return `a number, one scale for each of ${scaleNumerator.length} along axis ${axis}`;
  const step = real(scaleNumerator[0] / scaleDenominator[0]);
  return zeroPoint[0] === 0 ? `steps of ${step}` : `steps of ${step}, ${zeroPoint[0]} is zero`;
}

function rangeText({ saturates }) {
  return saturates ? "becomes the nearest" : "\u2013";
}

function costSection({ words, raw, layers }) {
  const gas = (parts) =>
    Object.fromEntries(
      Object.entries(parts).map(([part, value]) => [part, part === "total" ? 0 : Number(value)]),
    );
  return section(
    "What a call costs",
    `${count(Number(words.total))} gas with words, ${count(Number(raw.total))} with packed bytes`,
    h("h3", {}, "By part"),
    gasBar(gas(words)),
    layers.length > 0 &&
      h("h3", {}, "By layer ", h("span", { class: "note" }, counted(layers.length, "operator"))),
    layers.length > 0 && layerBars(layers),
  );
}

async function earningsSection(listing) {
  const { calls, paid, payers, pot, earned } = await earningsOf(listing.modelId);
  const shares = earned.map(({ account, token, amount: sum }) => [
    accountLink(account),
    h("span", { class: "soft" }, roleOf(account, listing)),
    token === undefined ? amount(sum) : [String(sum), " of ", accountLink(token)],
  ]);
  if (calls === 0 && shares.length === 0 && pot === 0n) {
    return section(
      "Earnings",
      undefined,
      empty("Nothing earned yet", "What calls through the gateway pay is shown here."),
    );
  }
  return section(
    "Earnings",
    undefined,
    h(
      "div",
      { class: "tiles" },
      tile(amount(paid), "paid through the gateway"),
      tile(count(calls), calls === 1 ? "call" : "calls"),
      tile(count(payers), payers === 1 ? "payer" : "payers"),
      pot > 0n && tile(amount(pot), "from derived models, to be shared out"),
    ),
    shares.length > 0 &&
      table(
        [
          ["Credited to", ""],
          ["", ""],
          ["Sum", "right"],
        ],
        shares,
        "Credits",
      ),
  );
}

function roleOf(account, { owner, contributors }) {
  if (account === owner) return "owner";
  const share = contributors.find((each) => each.account === account);
  return share
    ? `contributor, ${percent(Number(share.bps) / 10_000)}`
    : "validator, or an earlier owner";
}

function tile(figure, text) {
  return h("div", { class: "tile" }, h("b", {}, figure), h("span", {}, text));
}

function recordSection(record, cost, listing) {
  return section(
    "Record",
    undefined,
    facts(
      ["Model hash", copyable(record.modelHash)],
      ["Content hash", copyable(record.contentHash)],
      ["Token", listing && copyable(idText(listing.modelId))],
      ["Version", listing && versions(listing)],
      ["Made from", listing?.parents.length > 0 && parents(listing.parents)],
      ["Size", bytes(record.payloadBytes)],
      ["Memory of a run", bytes(record.arenaBytes)],
      ["First call of a transaction", `${count(record.inferenceGas)} gas`],
      ["Saved by later ones", `${count(record.loadGas)} gas`],
      [
        "Rules",
        `version ${record.recordVersion}${cost && !cost.isActivated ? ", out of date" : ""}`,
      ],
    ),
  );
}

function versions({ versions }) {
  return versions.map(({ version, root }) =>
    h("span", { class: "item" }, `${version}: `, modelLink(root)),
  );
}

function parents(list) {
  return list.map(({ modelId, bps }) =>
    h(
      "span",
      { class: "item" },
      h("a", { href: `#/model/${idText(modelId)}`, class: "hash" }, idText(modelId).slice(0, 12)),
      ` gets ${percent(Number(bps) / 10_000)}`,
    ),
  );
}

/** The latest inferences of a model: searched for from `head` downwards, by running blocks again. */
function searchOf(root, place, head) {
  let found = [];
  let [newest, next] = [head, head];
  const ofModel = async (from, to) =>
    (await inferencesIn(from, to)).filter(({ model }) => model === root);
  const search = async () => {
    const end = Math.max(0, next - SEARCHED + 1);
    const wanted = found.length + MAX_INFERENCES;
    while (next >= end && found.length < wanted) {
      const from = Math.max(end, next - STEP + 1);
      const older = (await ofModel(from, next)).reverse();
      found = [...found, ...older];
      next = from - 1;
    }
    return shown();
  };
  const shown = async () => {
    const lines = await Promise.all(found.map(inferenceLine));
    const older = () => fillLater(place, search());
    return section(
      "Inferences",
      `in the last ${counted(newest - next, "block")}`,
      lines.length > 0
        ? h("ul", { class: "lines" }, lines)
        : empty("No inference here", "No contract has called this model in these blocks."),
      next >= 0 &&
        h("button", { type: "button", class: "more", onclick: older }, "Search earlier blocks"),
    );
  };
  return {
    older: search,
    section: shown,
    /** Whether there were inferences of the model in a new block. */
    async onHead(number) {
      if (number <= newest) return false;
      const more = (await ofModel(Math.max(newest, number - SEARCHED) + 1, number)).reverse();
      found = [...more, ...found];
      newest = number;
      return more.length > 0;
    },
  };
}
