// Blocks and their receipts, each read once.

import { call } from "./node.js";

const MAX_BLOCKS = 512;
const blocks = new Map();
const receipts = new Map();

/** Forgets all: some may have been undone. */
export function forget() {
  blocks.clear();
  receipts.clear();
}

/** A block with its transactions, by number or hash; null if there is none. */
export function blockAt(id) {
  return remembered(blocks, String(id), () =>
    String(id).startsWith("0x") && String(id).length === 66
      ? call("eth_getBlockByHash", id, true)
      : call("eth_getBlockByNumber", quantity(id), true),
  );
}

/** The receipts of a block, in the order of its transactions. */
export function receiptsOf(number) {
  return remembered(receipts, String(number), () => call("eth_getBlockReceipts", quantity(number)));
}

/** The blocks `from` to `to`, the newest first; none if there are none between. */
export function blocksDown(from, to) {
  return Promise.all(
    Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => blockAt(to - index)),
  );
}

/** The number of the newest block. */
export async function headNumber() {
  return Number(await call("eth_blockNumber"));
}

/** A number as JSON-RPC has it. */
export function quantity(number) {
  return `0x${BigInt(number).toString(16)}`;
}

function remembered(store, key, ask) {
  if (!store.has(key)) {
    if (store.size >= MAX_BLOCKS) store.delete(store.keys().next().value);
    const answer = ask();
    store.set(key, answer);
    // What is not there may come, and a failure may pass.
    answer.then(
      (found) => found ?? store.delete(key),
      () => store.delete(key),
    );
  }
  return store.get(key);
}
