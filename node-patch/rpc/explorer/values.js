// Decoded arguments: of calls, events and errors.

import { hexOf } from "./abi.js";
import { h } from "./elements.js";
import { count, counted, short } from "./format.js";
import { idText } from "./models.js";
import { accountLink, amount } from "./parts.js";

/** Longer lists of numbers are tensors, which are drawn elsewhere. */
const MAX_ITEMS = 8;
const NOBODY = `0x${"0".repeat(40)}`;
/** Names of amounts in the chain's currency, if no token is named beside them. */
const AMOUNTS = /^(price|amount)$|Wei$/;
const MAX_BYTES_SHOWN = 24;
/** Numbers above this are hashes, or amounts in the smallest unit that nobody can read. */
const LARGE = 10n ** 30n;

/** Arguments with their names, in a line that wraps. */
export function argumentList(list) {
  if (list.length === 0) return h("span", { class: "soft" }, "no arguments");
  const isNative = !list.some(({ name, value }) => name === "token" && value !== NOBODY);
  return h(
    "span",
    { class: "arguments" },
    list.map(({ name, type, value }) =>
      h(
        "span",
        {},
        name && h("span", { class: "soft" }, `${name} `),
        isNative && type.kind === "uint" && AMOUNTS.test(name)
          ? amount(value)
          : shown(name, type, value),
      ),
    ),
  );
}

function shown(name, type, value) {
  // Of an indexed argument that is longer than a word only the hash is known.
  if (["string", "bytes", "array", "tuple"].includes(type.kind) && /^0x.{64}$/.test(value)) {
    return h("code", { class: "hash", title: value }, short(value));
  }
  switch (type.kind) {
    case "address":
      if (value === NOBODY) return h("span", { title: value }, name === "token" ? "ETH" : "nobody");
      return accountLink(value);
    case "bool":
      return String(value);
    case "string":
      return h("q", {}, value);
    case "bytes":
      return h("code", { class: "hash" }, bytesText(value));
    case "fixed":
      return h("code", { class: "hash", title: value }, short(value));
    case "array":
      return arrayOf(name, type.element, value);
    case "tuple":
      return argumentList(type.parts.map((part) => ({ ...part, value: value[part.name] })));
    default:
      return numberOf(name, value);
  }
}

function numberOf(name, value) {
  if (/^(modelId|ancestorId|tokenId)$/i.test(name) && value > LARGE) {
    const id = idText(value);
    return h("a", { href: `#/model/${id}`, class: "hash", title: id }, short(id));
  }
  return h(
    "span",
    { class: "number", title: String(value) },
    value > LARGE ? short(String(value), 8) : count(value),
  );
}

function arrayOf(name, element, values) {
  if (values.length > MAX_ITEMS && ["int", "uint"].includes(element.kind)) {
    return h("span", {}, counted(values.length, "number"));
  }
  const items = values
    .slice(0, MAX_ITEMS)
    .map((value) => h("span", {}, shown(name, element, value)));
  const rest = values.length - items.length;
  return h(
    "span",
    { class: "list" },
    items,
    rest > 0 && h("span", { class: "soft" }, `\u2026 ${count(values.length)} in all`),
    values.length === 0 && h("span", { class: "soft" }, "none"),
  );
}

function bytesText(bytes) {
  const start = hexOf(bytes.subarray(0, MAX_BYTES_SHOWN));
  return bytes.length > MAX_BYTES_SHOWN ? `${start}\u2026 (${count(bytes.length)} bytes)` : start;
}
