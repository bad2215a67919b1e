#!/usr/bin/env node
// Writes the genesis contracts' runtime code from `forge build`'s output into the node's source.
//   node tools/predeploys.cjs [--check]
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { ROOT, artifact, run, writeOrCheck } = require("./generated.cjs");

const OUTPUT = "node-patch/node/src/predeploys.json";
const ADDRESSES = "contracts/src/libraries/Predeploys.sol";
/** Contract and the constant that holds its address. */
const PREDEPLOYS = [
  ["ModelRegistry", "MODEL_REGISTRY"],
  ["InferenceGateway", "INFERENCE_GATEWAY"],
  ["ChunkStore", "CHUNK_STORE"],
  ["ModelCard", "MODEL_CARD"],
  ["CandleRecorder", "CANDLE_RECORDER"],
  ["TaskScheduler", "TASK_SCHEDULER"],
  ["SolidMLInference", "OG_INFERENCE"],
  ["SolidMLHistorical", "OG_HISTORICAL"],
  ["SolidMLPreprocessing", "OG_PREPROCESSING"],
];
const MAX_CODE_BYTES = 24_576; // EIP-170

/** The address that Solidity code uses, so that there is one list. */
function addressOf(constant) {
  const source = fs.readFileSync(path.join(ROOT, ADDRESSES), "utf8");
  const match = source.match(new RegExp(`\\b${constant} = (0x[0-9a-fA-F]{40});`));
  if (!match) throw new Error(`${ADDRESSES} defines no ${constant}`);
  return match[1].toLowerCase();
}

/** Runtime code that means the same without its constructor having run. */
function runtimeCode(name) {
  const { object, immutableReferences, linkReferences } = artifact(name).deployedBytecode;
  for (const [kind, references] of Object.entries({ immutableReferences, linkReferences })) {
    if (Object.keys(references ?? {}).length > 0) {
      throw new Error(`${name} has ${kind}: a predeploy's code must be complete`);
    }
  }
  const bytes = (object.length - 2) / 2;
  if (bytes === 0 || bytes > MAX_CODE_BYTES) throw new Error(`${name}: ${bytes} bytes of code`);
  return object;
}

run(() => {
  const entries = PREDEPLOYS.map(([name, constant]) => [
    name,
    { address: addressOf(constant), code: runtimeCode(name) },
  ]);
  writeOrCheck(OUTPUT, Object.fromEntries(entries));
});
