#!/usr/bin/env node
// Writes the selectors of the precompile's Solidity interface, for the test that compares them with
// the ones that the precompile answers to.
//   node tools/selectors.cjs [--check]
"use strict";

const path = require("node:path");
const { execFileSync } = require("node:child_process");
const { ROOT, run, writeOrCheck } = require("./generated.cjs");

const INTERFACE = "contracts/src/interfaces/IInference.sol:IInference";
const OUTPUT = "contracts/abi/IInference.json";

/** Signature -> selector with 0x, sorted by signature. */
function selectors(kind) {
  const forge = path.join(ROOT, "node_modules", ".bin", "forge");
  const output = execFileSync(forge, ["inspect", INTERFACE, kind, "--json"], { cwd: ROOT });
  const bySignature = Object.entries(JSON.parse(output));
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
