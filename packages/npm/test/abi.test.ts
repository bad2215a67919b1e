/** The interfaces written here are those that the Solidity compiler made. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toEventSelector, toFunctionSelector, type Abi, type AbiEvent, type AbiFunction } from "viem";
import { formatAbiItem } from "viem/utils";
import { gatewayAbi, inferenceAbi, registryAbi } from "@fixpoint/viem";
import { network } from "./network.js";

/** What the compiler made of a contract or interface. */
function compiled(name: string): Abi {
  const path = join(network.root, "out", `${name}.sol`, `${name}.json`);
  return (JSON.parse(readFileSync(path, "utf8")) as { abi: Abi }).abi;
}

/** Kind, selector, names and types of all parameters, and whether an item pays, writes or reads. */
function identity(item: Abi[number]): string {
  if (item.type !== "function" && item.type !== "error" && item.type !== "event") return item.type;
  const selector =
    item.type === "event"
      ? toEventSelector(item as AbiEvent)
      : toFunctionSelector({ ...item, type: "function" } as AbiFunction);
  const parameters = (list: readonly unknown[] | undefined) => JSON.stringify(list, withoutSolidity);
  return [
    item.type,
    selector,
    formatAbiItem(item),
    parameters(item.inputs),
    item.type === "function" ? item.stateMutability + parameters(item.outputs) : "",
  ].join(" ");
}

/** `internalType` is the compiler's alone, and so is saying what is not indexed; keys in one order. */
function withoutSolidity(key: string, value: unknown): unknown {
  if (key === "internalType" || (key === "indexed" && value === false)) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const sources = {
  IInference: inferenceAbi,
  InferenceGateway: gatewayAbi,
  ModelRegistry: registryAbi,
} as const;

for (const [name, abi] of Object.entries(sources)) {
  test(`every item of ${name}'s interface is the compiler's`, () => {
    // What comes through the gateway from elsewhere is the precompile's or the registry's.
    const from = name === "InferenceGateway" ? [name, "IInference", "ModelRegistry"] : [name];
    const known = new Set(from.flatMap(compiled).map(identity));
    for (const item of abi) assert.ok(known.has(identity(item)), identity(item));
  });
}

for (const [name, abi] of [
  ["IInference", inferenceAbi],
  ["IInference", gatewayAbi],
  ["InferenceGateway", gatewayAbi],
] as const) {
  test(`no error of ${name} is missing`, () => {
    const here = new Set((abi as Abi).map(identity));
    const missing = compiled(name)
      .filter((item) => item.type === "error")
      .map(identity)
      .filter((item) => !here.has(item));
    assert.deepEqual(missing, []);
  });
}
