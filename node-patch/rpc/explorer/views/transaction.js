// A transaction: what it called, the inferences that it made, where its gas went, what it told.

import { blockAt } from "../blocks.js";
import { calledFunction, revertError } from "../contracts.js";
import { all, fillLater, h } from "../elements.js";
import { eventList } from "../events.js";
import { count, counted, percent } from "../format.js";
import { gasBar, sumParts } from "../gas.js";
import { inferenceCard } from "../inference-cards.js";
import { inferencesOf } from "../inferences.js";
import { call } from "../node.js";
import {
  accountLink,
  amount,
  blockLink,
  chip,
  copyable,
  facts,
  heading,
  section,
  when,
} from "../parts.js";
import { argumentList } from "../values.js";

const MAX_CARDS = 20;
const MAX_CALLS = 200;

export async function transaction(hash) {
  const found = await call("eth_getTransactionByHash", hash);
  if (found === null) return undefined;
  if (found.blockNumber === null) return pending(found);
  const [receipt, block] = await Promise.all([
    call("eth_getTransactionReceipt", hash),
    blockAt(Number(found.blockNumber)),
  ]);
  const traced = h("div", {});
  fillLater(traced, tracedSections(hash, receipt));
  const gasUsed = Number(receipt.gasUsed);
  return {
    title: `Transaction ${hash.slice(0, 10)}`,
    content: all(
      heading("Transaction", status(receipt), h("p", {}, copyable(hash))),
      facts(
        ["Block", blockLink(Number(found.blockNumber)), " \u00b7 ", when(Number(block.timestamp))],
        ["From", accountLink(found.from, { full: true })],
        found.to === null
          ? ["Created", accountLink(receipt.contractAddress, { full: true })]
          : ["To", accountLink(found.to, { full: true })],
        ["Called", calledText(found)],
        ["Value", amount(found.value)],
        ["Fee", amount(BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice))],
        ["Gas", `${count(gasUsed)}, ${percent(gasUsed / Number(found.gas))} of its limit`],
        ["Nonce", count(Number(found.nonce))],
      ),
      traced,
      receipt.logs.length > 0 &&
        section(
          "Events",
          count(receipt.logs.length),
          eventList(receipt.logs, (log) =>
            h("span", {}, h("span", { class: "soft" }, "of "), accountLink(log.address)),
          ),
        ),
      found.input !== "0x" && calldata(found.input),
    ),
  };
}

/** What only running the transaction again tells. */
async function tracedSections(hash, { status, gasUsed }) {
  const trace = await call("debug_traceTransaction", hash, { tracer: "callTracer" });
  const inferences = inferencesOf(trace);
  const cards = await Promise.all(inferences.slice(0, MAX_CARDS).map(inferenceCard));
  return all(
    Number(status) === 0 && failure(trace),
    inferences.length > 0 &&
      section(
        inferences.length === 1 ? "Inference" : "Inferences",
        inferences.length > 1 ? count(inferences.length) : undefined,
        cards,
        inferences.length > MAX_CARDS &&
          h("p", { class: "soft" }, `The first ${MAX_CARDS} are shown.`),
      ),
    section(
      "Where its gas went",
      `${count(Number(gasUsed))} gas`,
      gasBar(sumParts(inferences, Number(gasUsed))),
    ),
    trace.calls?.length > 0 && section("Calls", undefined, callTree(trace)),
  );
}

function pending(found) {
  return {
    title: "Transaction",
    content: all(
      heading("Transaction", "Waiting for a block", h("p", {}, copyable(found.hash))),
      facts(
        ["From", accountLink(found.from, { full: true })],
        ["To", accountLink(found.to, { full: true })],
        ["Called", calledText(found)],
        ["Value", amount(found.value)],
      ),
    ),
    onHead: () => true,
  };
}

function status({ status }) {
  return Number(status) === 1 ? "Succeeded" : "Failed";
}

/** Why the transaction failed. */
function failure({ error, output, revertReason }) {
  const known = revertError(output);
  return h(
    "p",
    { class: "failure" },
    known ? all(h("b", {}, known.name), " ", argumentList(known.list)) : (revertReason ?? error),
  );
}

function calledText({ to, input }) {
  if (to === null) return "creates a contract";
  if (input === "0x") return undefined;
  const known = calledFunction(to, input);
  if (known === undefined)
    return h(
      "code",
      { title: "A selector of a contract that this page does not know" },
      input.slice(0, 10),
    );
  return all(h("code", {}, known.name), " ", argumentList(known.list));
}

/** Calls within calls. */
function callTree(trace) {
  let left = MAX_CALLS;
  const item = (frame) => {
    left -= 1;
    if (left < 0) return undefined;
    const known = calledFunction(frame.to, frame.input);
    const label = known?.name ?? (frame.input?.length >= 10 ? frame.input.slice(0, 10) : "");
    return h(
      "li",
      {},
      h(
        "div",
        { class: frame.inference ? "frame is-inference" : "frame" },
        h("span", { class: "soft call-type" }, frame.type.toLowerCase()),
        h("span", {}, accountLink(frame.to), label && [".", h("code", {}, label)]),
        frame.error && chip(frame.error === "execution reverted" ? "reverted" : frame.error, "bad"),
        BigInt(frame.value ?? 0) > 0n && amount(frame.value),
        h("span", { class: "push number soft" }, `${count(Number(frame.gasUsed))} gas`),
      ),
      frame.calls?.length > 0 && h("ul", {}, frame.calls.map(item)),
    );
  };
  const tree = h("ul", { class: "calls" }, item(trace));
  return left < 0
    ? all(tree, h("p", { class: "soft" }, `${counted(MAX_CALLS, "call")} are shown.`))
    : tree;
}

function calldata(input) {
  const MOST = 20_000;
  const text = input.length > MOST ? `${input.slice(0, MOST)}\u2026` : input;
  return h(
    "details",
    { class: "raw" },
    h(
      "summary",
      {},
      "Calldata ",
      h("span", { class: "note" }, counted((input.length - 2) / 2, "byte")),
    ),
    h("pre", { class: "hash" }, text),
  );
}
