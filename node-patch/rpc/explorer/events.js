// Events in lists.

import { described } from "./contracts.js";
import { h } from "./elements.js";
import { argumentList } from "./values.js";

/** Characters of the data of an event that nobody knows. */
const MAX_DATA = 514;

/** A list of events; `place(log)` says where one comes from. */
export function eventList(logs, place) {
  return h(
    "ol",
    { class: "events" },
    logs.map((log) => eventItem(log, place)),
  );
}

function eventItem(log, place) {
  const known = described(log);
  return h(
    "li",
    {},
    h("p", {}, h("b", {}, known?.name ?? "Event"), " ", place(log)),
    known ? h("p", {}, argumentList(known.list)) : words(log),
  );
}

function words({ topics, data }) {
  const list = [...topics, data.slice(0, MAX_DATA)].filter((word) => word !== "0x");
  return h(
    "ul",
    { class: "hash soft breaks" },
    list.map((word) => h("li", {}, word)),
  );
}
