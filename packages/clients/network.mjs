/** The node that `scripts/clients.py` started for a suite, and the contracts that the suites use. */

import { readFileSync } from "node:fs";

const url = process.env.RPC_URL;
if (url === undefined) throw new Error("these tests need a node: run `make test-clients`");

/** JSON-RPC over HTTP, and over WebSocket on the same port. */
export const httpUrl = url;
export const wsUrl = url.replace(/^http/, "ws");

/** The mnemonic that everybody's development accounts come from, and the first two keys. */
export const MNEMONIC = "test test test test test test test test test test test junk";
export const KEYS = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
];

/** Nobody has a key to it here. */
export const STRANGER = "0x00000000000000000000000000000000DeaDBeef";

/** A deployed model and one call of it with its answer; undefined on a node without the precompile. */
export const model = process.env.MODEL === undefined ? undefined : JSON.parse(process.env.MODEL);

/** Set when the suites run on anvil itself, to show that they ask for nothing that is this node's alone. */
export const onAnvil = process.env.ON_ANVIL === "1";

/** What `forge build` made of a contract of `foundry/`. */
export function artifact(name) {
  const path = new URL(`foundry/out/${name}.sol/${name}.json`, import.meta.url);
  const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8"));
  return { abi, bytecode: bytecode.object };
}

/** Waits until `condition` gives something; fails after five seconds. */
export async function eventually(what, condition) {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within 5 seconds`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Clients begin to watch in the background and say nothing of it: time for that, on a busy machine too. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 1_000));
