#!/usr/bin/env node
// Writes the selectors of the precompile's Solidity interface, for the test that compares them with
// the ones that the precompile answers to.
//   node tools/selectors.cjs [--check]
"use strict";

const { inspect, run, writeOrCheck } = require("./generated.cjs");

const INTERFACE = "contracts/src/interfaces/IInference.sol:IInference";
const OUTPUT = "contracts/abi/IInference.json";

/** Signature -> selector with 0x, sorted by signature. */
function selectors(kind) {
  const bySignature = Object.entries(inspect(INTERFACE, kind));
  if (bySignature.length === 0) throw new Error(`${INTERFACE} has no ${kind}`);
  return Object.fromEntries(
    bySignature
      .map(([signature, selector]) => [signature, `0x${selector}`])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

run(() => {
  writeOrCheck(OUTPUT, { functions: selectors("methodIdentifiers"), errors: selectors("errors") });
});
