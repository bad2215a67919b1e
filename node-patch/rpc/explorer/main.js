// The page: which view is shown, what is searched for, and how the chain's growth reaches the view.

import * as blocks from "./blocks.js";
import { all, fill, h } from "./elements.js";
import { count } from "./format.js";
import * as models from "./models.js";
import { follow } from "./node.js";
import { empty, heading, refreshAges } from "./parts.js";
import { account } from "./views/account.js";
import { block } from "./views/block.js";
import { model } from "./views/model.js";
import { models as modelList } from "./views/models.js";
import { overview } from "./views/overview.js";
import { pageOf } from "./views/search.js";
import { transaction } from "./views/transaction.js";

const ADDRESS = "0x[0-9a-fA-F]{40}";
const HASH = "0x[0-9a-fA-F]{64}";
/** Addresses of views, behind the `#`. */
const ROUTES = [
  [/^\/?$/, overview],
  [/^\/models$/, modelList],
  [new RegExp(`^/block/(\\d{1,15}|${HASH})$`), block],
  [new RegExp(`^/transaction/(${HASH})$`), transaction],
  [new RegExp(`^/model/(${ADDRESS}|${HASH})$`), model],
  [new RegExp(`^/account/(${ADDRESS})$`), account],
];
const STATES = {
  live: ["live", "New blocks appear as they are made"],
  polling: ["every 2 s", "No WebSocket: the node is asked for new blocks"],
  offline: ["offline", "The node does not answer; trying again"],
};
const AGE_MS = 1_000;

const main = document.querySelector("main");
const state = document.querySelector("#state");
const headLink = document.querySelector("#head");
const search = document.querySelector("#search");
const said = document.querySelector("#said");

let view;
let shown = 0;
/** The newest block's header, and the last that the view was told of. */
let head;
let told;
let isKeepingUp = false;
/** The newest block does not follow what was known: whatever is shown may be gone. */
let isOutdated = false;

/** Shows the view of the address; an older one that is still being read is dropped. */
async function show({ isMove = true } = {}) {
  shown += 1;
  const mine = shown;
  const path = location.hash.slice(1);
  if (isMove) {
    view = undefined;
    main.setAttribute("aria-busy", "true");
  }
  const next = await made(path);
  // Links to models take their names from it.
  await models.directory().catch(() => {});
  if (mine !== shown) return;
  view = next;
  document.title = `${next.title} \u00b7 Fixpoint`;
  fill(main, next.content);
  main.removeAttribute("aria-busy");
  markNavigation(path);
  if (isMove) {
    scrollTo(0, 0);
    // Who moves by keyboard goes on at the new view; not at the first, where nobody has moved, and
    // not who is typing the next search.
    if (mine > 1 && document.activeElement !== search.elements.text) {
      main.focus({ preventScroll: true });
    }
    // It may have been read before the newest block came.
    told = undefined;
    keepUp();
  }
}

async function made(path) {
  const [pattern, make] = ROUTES.find(([pattern]) => pattern.test(path)) ?? [];
  try {
    const next = make && (await make(...pattern.exec(path).slice(1)));
    return next ?? nothing(path);
  } catch (error) {
    return failed(error);
  }
}

function nothing(path) {
  const name = path.split("/").at(-1);
  return {
    title: "Not found",
    content: all(
      heading("Not found", "This chain has no such page"),
      h(
        "p",
        { class: "lead" },
        "Nothing here is called ",
        h("code", { class: "breaks" }, name),
        ".",
      ),
      h(
        "p",
        {},
        "Search for a block number, the hash of a block or a transaction, an address, or a model\u2019s name. ",
        h("a", { href: "#/" }, "Back to the overview"),
      ),
    ),
    // A block that is not there yet may come.
    onHead: () => true,
  };
}

function failed(error) {
  const isOffline = error.name === "OfflineError";
  return {
    title: "No answer",
    content: all(
      heading(
        isOffline ? "Offline" : "Error",
        isOffline ? "The node does not answer" : "This cannot be shown",
      ),
      empty(
        isOffline ? "It may have been stopped." : "The node said:",
        isOffline ? "This page goes on by itself when it is back." : error.message,
      ),
      h(
        "p",
        {},
        h("button", { type: "button", class: "more", onclick: () => show() }, "Try again"),
      ),
    ),
    isOffline,
  };
}

function markNavigation(path) {
  const here = path === "" ? "/" : path;
  for (const link of document.querySelectorAll("nav.main a")) {
    if (link.hash.slice(1) === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function onHead(header) {
  // Otherwise blocks were undone, or missed, or it is another chain after a restart.
  const isNext = head === undefined || header.parentHash === head.hash;
  head = header;
  headLink.textContent = count(Number(header.number));
  headLink.href = `#/block/${Number(header.number)}`;
  // A block without events changes no names and no prices.
  if (/[^0]/.test(header.logsBloom.slice(2))) models.changed();
  if (!isNext) {
    blocks.forget();
    models.forget();
    isOutdated = true;
  }
  keepUp();
}

/** Tells the view of the newest head; of those that come meanwhile, it is told of the last alone. */
async function keepUp() {
  if (isKeepingUp) return;
  isKeepingUp = true;
  while (view !== undefined && told !== head) {
    told = head;
    await tell(view);
  }
  isKeepingUp = false;
}

async function tell(current) {
  const wasOutdated = isOutdated;
  // Before anything is awaited: more blocks may be undone meanwhile.
  isOutdated = false;
  try {
    const isStale = wasOutdated || (await current.onHead?.(Number(head.number)));
    if (isStale && view === current) await show({ isMove: false });
  } catch {
    // The view stays as it was; the next head brings it up to date.
  }
}

async function find(text) {
  said.textContent = "";
  try {
    const page = await pageOf(text);
    if (page === undefined) {
      said.textContent = `Nothing on this chain is called \u201c${text.trim()}\u201d`;
      return;
    }
    const field = search.elements.text;
    if (field.value === text) {
      field.value = "";
      field.blur();
    }
    if (page === location.hash) await show();
    else location.hash = page;
  } catch (error) {
    said.textContent = error.message;
  }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  // Not an address of a view.
  event.preventDefault();
  main.focus();
});
search.addEventListener("submit", (event) => {
  event.preventDefault();
  if (search.elements.text.value.trim() !== "") find(search.elements.text.value);
});
search.addEventListener("input", () => (said.textContent = ""));
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.elements.text.focus();
  } else if (event.key === "Escape" && isTyping) {
    event.target.blur();
    said.textContent = "";
  }
});
addEventListener("hashchange", () => show());
setInterval(refreshAges, AGE_MS);
follow(onHead, (name) => {
  const [text, title] = STATES[name];
  if (name !== "offline" && view?.isOffline) show({ isMove: false });
  state.dataset.state = name;
  state.title = title;
  state.textContent = text;
});
show();
