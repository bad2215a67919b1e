// The start: the chain as it grows, its latest inferences, its models, the node.

import { blocksDown, headNumber } from "../blocks.js";
import { all, fill, fillLater, h, s } from "../elements.js";
import { bytes, count, counted, ether } from "../format.js";
import { inferenceLine } from "../inference-cards.js";
import { inferencesIn } from "../inferences.js";
import { directory } from "../models.js";
import { call } from "../node.js";
import { blockLink, copyable, empty, facts, section, when } from "../parts.js";
import { transactionLine } from "../transactions.js";
import { modelCards } from "./models.js";

/** Blocks in the strip, and among which inferences are looked for. */
const STRIP = 48;
const MAX_INFERENCES = 8;
const MAX_TRANSACTIONS = 8;
const MAX_MODELS = 4;

export async function overview() {
  const head = await headNumber();
  const first = Math.max(0, head - STRIP + 1);
  const known = { blocks: await blocksDown(first, head), inferences: [] };
  const places = {
    strip: h("div", { class: "hero" }),
    inferences: h(
      "div",
      {},
      section("Inferences", undefined, empty("Looking for them", "Blocks are run again.")),
    ),
    transactions: h("div", {}),
    models: h("div", {}),
    node: h("div", {}),
  };
  await show(known, places);
  // Blocks are run again for them, which may take a while.
  const traced = inferencesIn(first, head).then((found) => {
    known.inferences = [...found, ...known.inferences];
    fill(places.strip, hero(known));
    return inferenceSection(known);
  });
  fillLater(places.inferences, traced);
  return {
    title: "Overview",
    content: all(
      h("h1", { class: "unseen" }, "Overview"),
      places.strip,
      places.models,
      h("div", { class: "columns-2" }, places.inferences, places.transactions),
      places.node,
    ),
    async onHead(number) {
      const from = Math.max(Number(known.blocks[0].number), number - STRIP) + 1;
      if (from > number) return;
      // Blocks that cannot be traced at the moment are shown all the same.
      const traced = inferencesIn(from, number).catch(() => []);
      const [blocks, more] = await Promise.all([blocksDown(from, number), traced]);
      known.blocks = [...blocks, ...known.blocks].slice(0, STRIP);
      known.inferences = [...known.inferences, ...more];
      await show(known, places);
      if (more.length > 0) await fillLater(places.inferences, inferenceSection(known));
    },
  };
}

async function show(known, places) {
  fill(places.strip, hero(known));
  fill(places.transactions, transactionSection(known));
  const [models, node] = await Promise.all([modelSection(), nodeSection(known.blocks[0])]);
  fill(places.models, models);
  fill(places.node, node);
}

function hero({ blocks, inferences }) {
  const [head] = blocks;
  return all(
    h(
      "div",
      { class: "head", "aria-live": "polite" },
      h("p", { class: "kind" }, "Latest block"),
      h("p", { class: "big" }, blockLink(Number(head.number))),
      h(
        "p",
        { class: "soft" },
        when(Number(head.timestamp)),
        ` \u00b7 ${counted(head.transactions.length, "transaction")} \u00b7 ${count(Number(head.gasUsed))} gas`,
      ),
    ),
    strip(blocks, inferences),
  );
}

/** A bar for each block, as high as its gas; the inferences' part is marked. */
function strip(blocks, inferences) {
  const byBlock = new Map();
  for (const { block, gasUsed } of inferences)
    byBlock.set(block, (byBlock.get(block) ?? 0) + gasUsed);
  // Square roots: a deployment takes a hundred times the gas of a call, and both should be seen.
  const height = (gas) => Math.sqrt(gas);
  const most = Math.max(...blocks.map(({ gasUsed }) => height(Number(gasUsed))), 1);
  const oldest = [...blocks].reverse();
  const bars = oldest.map(({ number, gasUsed }) => {
    const [gas, inferred] = [Number(gasUsed), byBlock.get(Number(number)) ?? 0];
    const full = Math.max((100 * height(gas)) / most, 1.5);
    const part = gas > 0 ? (full * inferred) / gas : 0;
    const label = `Block ${count(Number(number))}: ${count(gas)} gas, ${count(inferred)} of it inference`;
    return h(
      "a",
      // Not a stop for everyone who goes by keyboard: blocks lead to their neighbours.
      { href: `#/block/${Number(number)}`, title: label, "aria-label": label, tabindex: -1 },
      s(
        "svg",
        { viewBox: "0 0 10 100", preserveAspectRatio: "none", "aria-hidden": true },
        s("rect", { class: "rest", y: 100 - full, width: 10, height: full }),
        s("rect", { class: "inferred", y: 100 - part, width: 10, height: part }),
      ),
    );
  });
  return h(
    "figure",
    { class: "strip" },
    h("div", {}, bars),
    h(
      "figcaption",
      { class: "legend" },
      h("span", {}, h("i", { class: "inferred" }), "gas of inference"),
      h("span", {}, h("i", { class: "rest" }), "other gas"),
      h("span", { class: "soft" }, `last ${counted(blocks.length, "block")}, square-root scale`),
    ),
  );
}

async function inferenceSection({ inferences }) {
  const latest = inferences.slice(-MAX_INFERENCES).reverse();
  const lines = await Promise.all(latest.map(inferenceLine));
  const content =
    lines.length > 0
      ? h("ul", { class: "lines" }, lines)
      : empty(
          "No inference yet",
          `None in the last ${STRIP} blocks. A contract that calls a model shows up here.`,
        );
  return section("Inferences", undefined, content);
}

function transactionSection({ blocks }) {
  const latest = blocks
    .flatMap(({ transactions }) => [...transactions].reverse())
    .slice(0, MAX_TRANSACTIONS);
  const lines = latest.map(transactionLine);
  const content =
    lines.length > 0
      ? h("ul", { class: "lines" }, lines)
      : empty("No transaction yet", "Blocks will show them as they come.");
  return section("Transactions", undefined, content);
}

async function modelSection() {
  const models = [...(await directory()).values()];
  const note =
    models.length > MAX_MODELS ? h("a", { href: "#/models" }, `all ${models.length}`) : undefined;
  return section("Models", note, await modelCards(models.slice(0, MAX_MODELS)));
}

async function nodeSection(head) {
  const [client, kernels, cache, chainId, genesis] = await Promise.all([
    call("web3_clientVersion"),
    call("fixpoint_isa"),
    call("fixpoint_cacheStats"),
    call("eth_chainId"),
    call("eth_getBlockByNumber", "0x0", false),
  ]);
  return section(
    "Node",
    undefined,
    facts(
      ["Chain", String(Number(chainId))],
      ["Genesis", copyable(genesis.hash)],
      ["Software", client],
      ["Tensor kernels", kernels],
      ["Base fee", ether(head.baseFeePerGas)],
      ["Gas limit", count(Number(head.gasLimit))],
      [
        "Models in memory",
        `${count(cache.models)}, ${bytes(cache.heldBytes)} of ${bytes(cache.limitBytes)}; ` +
          `${counted(cache.hits, "hit")}, ${count(cache.misses)} loaded`,
      ],
    ),
  );
}
