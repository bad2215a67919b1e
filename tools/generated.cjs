// What the generators of committed files share: the compiler's output, and writing or comparing.
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const ROOT = path.resolve(__dirname, "..");

/** The compiler's output for a contract; `forge build` makes it. */
function artifact(name) {
  const file = path.join(ROOT, "out", `${name}.sol`, `${name}.json`);
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: run forge build first`);
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

/** What `forge inspect CONTRACT KIND` says; `contract` is `FILE:NAME` or a unique name. */
function inspect(contract, kind) {
  const forge = path.join(ROOT, "node_modules", ".bin", "forge");
  return JSON.parse(execFileSync(forge, ["inspect", contract, kind, "--json"], { cwd: ROOT }));
}

/** Writes `value` as JSON to `file`; with `--check`, fails instead if that would change it. */
function writeOrCheck(file, value) {
  const want = `${JSON.stringify(value, null, 2)}\n`;
  const target = path.join(ROOT, file);
  const got = fs.existsSync(target) ? fs.readFileSync(target, "utf8") : undefined;
  if (process.argv.includes("--check")) {
    if (got !== want) {
      const command = `node ${path.relative(ROOT, process.argv[1])}`;
      throw new Error(`${file} is out of date: run ${command} and commit the result`);
    }
  } else if (got !== want) {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, want);
  }
}

/** Runs a generator; an error becomes one line and exit code 1. */
function run(generate) {
  try {
    generate();
  } catch (error) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports = { ROOT, artifact, inspect, run, writeOrCheck };
