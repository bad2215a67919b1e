// Parts that several views are made of.

import { nameOf } from "./contracts.js";
import { all, h } from "./elements.js";
import { age, counted, ether, short, time } from "./format.js";
import { directory } from "./models.js";

/** A link to an account: by its name if it is part of the chain or a model, else by its address. */
export function accountLink(address, { full = false } = {}) {
  if (!address) return h("span", { class: "soft" }, "a new contract");
  const name = nameOf(address);
  const text = name ?? (full ? address : short(address));
  const link = h(
    "a",
    { href: `#/account/${address}`, class: name ? "" : "hash", title: address },
    text,
  );
  if (!name) {
    directory().then(
      (models) => {
        const known = models.get(address);
        if (known === undefined) return;
        link.href = `#/model/${address}`;
        if (known.name && !full) {
          link.classList.remove("hash");
          link.replaceChildren(h("span", { class: "model-name" }, known.name));
        }
      },
      () => {},
    );
  }
  return link;
}

/** A link to a model, by its name if it has one. */
export function modelLink(root) {
  const link = accountLink(root);
  link.href = `#/model/${root}`;
  return link;
}

/** A link to a transaction. */
export function transactionLink(hash, { full = false } = {}) {
  return h(
    "a",
    { href: `#/transaction/${hash}`, class: "hash", title: hash },
    full ? hash : short(hash),
  );
}

/** A link to a block by its number. */
export function blockLink(number) {
  return h(
    "a",
    { href: `#/block/${number}`, class: "number" },
    Number(number).toLocaleString("en-US"),
  );
}

/** A hash in full with a button that copies it. */
export function copyable(text) {
  const button = h(
    "button",
    {
      class: "copy",
      type: "button",
      "aria-label": `Copy ${text}`,
      async onclick() {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 1200);
      },
    },
    "Copy",
  );
  // A page that is not of this machine and not encrypted may not write to the clipboard.
  return h(
    "span",
    { class: "copyable" },
    h("code", { class: "hash" }, text),
    navigator.clipboard && button,
  );
}

/** The time of a block: how long ago, with the time of day behind it. */
export function when(seconds) {
  return h(
    "time",
    { datetime: new Date(seconds * 1000).toISOString(), title: time(seconds), "data-at": seconds },
    age(seconds),
  );
}

/** Brings all shown ages up to date. */
export function refreshAges() {
  for (const element of document.querySelectorAll("time[data-at]")) {
    element.textContent = age(Number(element.dataset.at));
  }
}

/** An amount of wei, exactly in its title. */
export function amount(wei) {
  return h(
    "span",
    { class: BigInt(wei) === 0n ? "number soft" : "number", title: `${wei} wei` },
    ether(wei),
  );
}

/** A price in the chain's currency or in a token. */
export function priceText(price, token) {
  if (price === 0n) return "free";
  return token === undefined ? amount(price) : all(String(price), " of ", accountLink(token));
}

/** A heading of a view: what it is, and its name or hash. */
export function heading(kind, title, ...beside) {
  return h(
    "header",
    { class: "heading" },
    h("p", { class: "kind" }, kind),
    h("h1", {}, title),
    beside,
  );
}

/** A section with its heading; nothing if it has no content. */
export function section(title, note, ...content) {
  return h(
    "section",
    {},
    h("h2", {}, title, note !== undefined && h("span", { class: "note" }, note)),
    content,
  );
}

/** Names and values. Rows without a value are left out. */
export function facts(...rows) {
  const shown = rows.filter(
    ([, value]) => value !== undefined && value !== null && value !== false,
  );
  return h(
    "dl",
    { class: "facts" },
    shown.map(([name, ...value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** A short word in a frame. */
export function chip(text, kind = "") {
  return h("span", { class: `chip ${kind}` }, text);
}

/** What is said where there is nothing to show. */
export function empty(title, ...text) {
  return h("div", { class: "empty" }, h("p", { class: "title" }, title), h("p", {}, text));
}

/** A table: columns are `[name, classes]`, rows are lists of cells. */
export function table(columns, rows, label) {
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { "aria-label": label },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map(([name, kind]) => h("th", { class: kind, scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) => tableRow(columns, row)),
      ),
    ),
  );
}

/** A row of such a table. */
export function tableRow(columns, cells) {
  return h(
    "tr",
    {},
    cells.map((cell, index) => h("td", { class: columns[index][1] }, cell)),
  );
}

/** "Show all 40 layers", which then are. */
export function more(total, noun, onclick) {
  return h(
    "button",
    { type: "button", class: "more", onclick },
    `Show all ${counted(total, noun)}`,
  );
}
