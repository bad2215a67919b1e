// A block: its facts, its transactions, the inferences in them.

import { blockAt, headNumber, receiptsOf } from "../blocks.js";
import { all, fill, fillLater, h } from "../elements.js";
import { count, counted, ether, percent } from "../format.js";
import { gasBar, sumParts } from "../gas.js";
import { inferenceLine } from "../inference-cards.js";
import { inferencesIn } from "../inferences.js";
import { accountLink, copyable, empty, facts, heading, section, when } from "../parts.js";
import { transactionTable } from "../transactions.js";

const MAX_TRANSACTIONS = 200;
const MAX_INFERENCES = 50;

export async function block(id) {
  const found = await blockAt(id);
  if (found === null) return undefined;
  const number = Number(found.number);
  const [head, receipts] = await Promise.all([headNumber(), receiptsOf(number)]);
  const gasUsed = Number(found.gasUsed);
  const traced = h("div", {});
  if (gasUsed > 0) fillLater(traced, tracedSections(number, gasUsed));
  const next = h("span", {}, nextLink(number, head));
  return {
    title: `Block ${count(number)}`,
    content: all(
      heading(
        "Block",
        count(number),
        h(
          "nav",
          { class: "beside", "aria-label": "Neighbouring blocks" },
          previousLink(number),
          next,
        ),
      ),
      facts(
        ["Hash", copyable(found.hash)],
        ["Time", when(Number(found.timestamp))],
        [
          "Gas used",
          `${count(gasUsed)}, ${percent(gasUsed / Number(found.gasLimit))} of ${count(Number(found.gasLimit))}`,
        ],
        ["Base fee", ether(found.baseFeePerGas)],
        ["Beneficiary", accountLink(found.miner)],
        [
          "Parent",
          number > 0 && h("a", { href: `#/block/${number - 1}`, class: "hash" }, found.parentHash),
        ],
        ["State root", h("code", { class: "hash" }, found.stateRoot)],
        ["Size", counted(Number(found.size), "byte")],
      ),
      traced,
      section(
        "Transactions",
        count(found.transactions.length),
        found.transactions.length > 0
          ? transactionTable(found.transactions.slice(0, MAX_TRANSACTIONS), receipts)
          : empty("An empty block", "No transaction was waiting when it was made."),
        found.transactions.length > MAX_TRANSACTIONS &&
          h("p", { class: "soft" }, `The first ${MAX_TRANSACTIONS} are shown.`),
      ),
    ),
    onHead(head) {
      fill(next, nextLink(number, head));
    },
  };
}

async function tracedSections(number, gasUsed) {
  const inferences = await inferencesIn(number, number);
  const lines = await Promise.all(inferences.slice(0, MAX_INFERENCES).map(inferenceLine));
  return all(
    section("Where its gas went", undefined, gasBar(sumParts(inferences, gasUsed))),
    lines.length > 0 &&
      section("Inferences", count(inferences.length), h("ul", { class: "lines" }, lines)),
  );
}

function previousLink(number) {
  return number > 0 && h("a", { href: `#/block/${number - 1}`, rel: "prev" }, "\u2190 earlier");
}

function nextLink(number, head) {
  return number < head
    ? h("a", { href: `#/block/${number + 1}`, rel: "next" }, "later \u2192")
    : h("span", { class: "soft" }, "the latest");
}
