#!/usr/bin/env node
// Writes what the explorer's page reads calldata, events and errors with: the signatures of the
// precompile and of the genesis contracts, by address and then by selector or topic.
//   node tools/explorer_abi.cjs [--check]
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { ROOT, inspect, run, writeOrCheck } = require("./generated.cjs");

const OUTPUT = "node-patch/rpc/explorer/abi.json";
const PREDEPLOYS = "node-patch/node/src/predeploys.json";
const PRECOMPILE = {
  address: "0x0000000000000000000000000000000000000f1e",
  name: "Inference precompile",
  contract: "contracts/src/interfaces/IInference.sol:IInference",
};

/** A type as Solidity writes it, with the names of a tuple's parts. */
function typeOf(parameter) {
  if (!parameter.type.startsWith("tuple")) return parameter.type;
  return `(${list(parameter.components)})${parameter.type.slice("tuple".length)}`;
}

function list(parameters) {
  const texts = parameters.map((parameter) =>
    [typeOf(parameter), parameter.indexed ? "indexed" : "", parameter.name]
      .filter((part) => part !== "")
      .join(" "),
  );
  return texts.join(", ");
}

/** A type as selectors are made of it. */
function canonical(parameter) {
  if (!parameter.type.startsWith("tuple")) return parameter.type;
  return `(${parameter.components.map(canonical).join(",")})${parameter.type.slice("tuple".length)}`;
}

/** A type as `forge inspect` names it in events and errors: enums and structs by their own names. */
function declared({ type, internalType = type }) {
  return internalType.replace(/^(enum|struct) /, "");
}

/** Selector or topic to signature with names, sorted by signature. */
function signatures(items, hashes, hashLength) {
  const entries = items.map((item) => {
    const key = (type) => `${item.name}(${item.inputs.map(type).join(",")})`;
    const hash = hashes[key(canonical)] ?? hashes[key(declared)];
    if (hash === undefined) throw new Error(`no hash of ${item.name}`);
    const outputs = item.outputs?.length > 0 ? ` returns (${list(item.outputs)})` : "";
    const selector = `0x${hash.replace(/^0x/, "").padStart(hashLength, "0")}`;
    return [selector, `${item.name}(${list(item.inputs)})${outputs}`];
  });
  return Object.fromEntries(entries.sort(([, a], [, b]) => (a < b ? -1 : 1)));
}

function described({ name, contract }) {
  const abi = inspect(contract, "abi");
  const of = (type) => abi.filter((item) => item.type === type);
  return {
    name,
    functions: signatures(of("function"), inspect(contract, "methodIdentifiers"), 8),
    events: signatures(of("event"), inspect(contract, "events"), 64),
    errors: signatures(of("error"), inspect(contract, "errors"), 8),
  };
}

/** The file that a contract is in: `forge inspect` wants it where a name is not unique. */
function sourceOf(name) {
  const folders = ["contracts/src", "contracts/src/solidml"];
  const file = folders
    .map((folder) => `${folder}/${name}.sol`)
    .find((candidate) => fs.existsSync(path.join(ROOT, candidate)));
  if (file === undefined) throw new Error(`no source of ${name}`);
  return `${file}:${name}`;
}

run(() => {
  const predeploys = JSON.parse(fs.readFileSync(path.join(ROOT, PREDEPLOYS), "utf8"));
  const contracts = Object.entries(predeploys).map(([name, { address }]) => ({
    address,
    name,
    contract: sourceOf(name),
  }));
  const entries = [PRECOMPILE, ...contracts].map((each) => [each.address, described(each)]);
  writeOrCheck(OUTPUT, Object.fromEntries(entries));
});
