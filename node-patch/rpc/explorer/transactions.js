// Transactions in lists.

import { calledFunction } from "./contracts.js";
import { h } from "./elements.js";
import { count } from "./format.js";
import { accountLink, amount, blockLink, chip, table, transactionLink } from "./parts.js";

const COLUMNS = [
  ["Transaction", ""],
  ["Called", ""],
  ["From", "roomy"],
  ["To", ""],
  ["Value", "right roomy"],
  ["Gas", "right roomy"],
];

/** A table of transactions with their receipts. */
export function transactionTable(transactions, receipts) {
  const rows = transactions.map((transaction, index) => {
    const receipt = receipts?.[index];
    return [
      [
        transactionLink(transaction.hash),
        receipt && Number(receipt.status) === 0 && chip("failed", "bad"),
      ],
      calledName(transaction),
      accountLink(transaction.from),
      accountLink(transaction.to ?? receipt?.contractAddress),
      amount(transaction.value),
      h("span", { class: "number" }, receipt ? count(Number(receipt.gasUsed)) : "\u2013"),
    ];
  });
  return table(COLUMNS, rows, "Transactions");
}

/** A transaction in a short list. */
export function transactionLine(transaction) {
  return h(
    "li",
    { class: "transaction-line" },
    h(
      "div",
      { class: "told" },
      h(
        "p",
        {},
        calledName(transaction),
        " ",
        h("span", { class: "soft" }, "on "),
        accountLink(transaction.to),
      ),
      h(
        "p",
        { class: "soft" },
        "by ",
        accountLink(transaction.from),
        BigInt(transaction.value) > 0n && [" with ", amount(transaction.value)],
      ),
    ),
    h(
      "div",
      { class: "place soft" },
      h("p", {}, transactionLink(transaction.hash)),
      h("p", {}, "block ", blockLink(Number(transaction.blockNumber))),
    ),
  );
}

/** What a transaction does, in a word. */
export function calledName({ to, input }) {
  if (to === null) return h("span", { class: "soft" }, "creates a contract");
  if (input === "0x") return h("span", { class: "soft" }, "transfer");
  const known = calledFunction(to, input);
  return h("code", {}, known?.name ?? input.slice(0, 10));
}
