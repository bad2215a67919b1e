#!/usr/bin/env node
// Writes how large the contracts are from `forge build`'s output, and fails above what a chain takes.
//   node tools/sizes.cjs [--check]
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { ROOT, run, writeOrCheck } = require("./generated.cjs");

const OUTPUT = "snapshots/sizes.json";
const MAX_CODE_BYTES = 24_576; // EIP-170
const MAX_CREATION_BYTES = 49_152; // EIP-3860
/** What people deploy or genesis has; not what exists only in tests. */
const SOURCES = /^contracts\/(src|examples)\/(?!testing\/)/;
/** A library of internal functions alone has some bytes that nobody deploys. */
const MIN_CODE_BYTES = 200;

const bytesOf = (code) => (code.object.length - 2) / 2;

/** Name to sizes, of all contracts that can be deployed. */
function sizes() {
  const found = {};
  const out = path.join(ROOT, "out");
  for (const file of fs.readdirSync(out, { recursive: true }).sort()) {
    if (!file.endsWith(".json") || file.startsWith("build-info")) continue;
    const artifact = JSON.parse(fs.readFileSync(path.join(out, file), "utf8"));
    const [[source, name]] = Object.entries(artifact.metadata?.settings.compilationTarget ?? { "": "" });
    // Forge keeps the output of sources that are gone.
    if (!SOURCES.test(source) || !fs.existsSync(path.join(ROOT, source))) continue;
    const [code, creation] = [bytesOf(artifact.deployedBytecode), bytesOf(artifact.bytecode)];
    if (code < MIN_CODE_BYTES) continue;
    if (code > MAX_CODE_BYTES) throw new Error(`${name}: ${code} bytes of code, more than ${MAX_CODE_BYTES}`);
    if (creation > MAX_CREATION_BYTES) throw new Error(`${name}: ${creation} bytes to create it, more than ${MAX_CREATION_BYTES}`);
    found[name] = { code, creation };
  }
  if (Object.keys(found).length === 0) throw new Error("no contracts in out/: run forge build first");
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

run(() => writeOrCheck(OUTPUT, sizes()));
