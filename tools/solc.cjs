#!/usr/bin/env node
// Lets forge compile with the npm package `solc`: the official compiler built to WebAssembly, so
// that a machine which cannot reach the native binaries' download host still builds, with the same
// version on every platform. Speaks the two modes of the command line that forge uses.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

// Plain descriptors: touching `process.stdin` would make the pipe non-blocking and reads fail.
const STDIN = 0;
const STDOUT = 1;

/** The parsed command line; throws on any option that native solc has and this does not. */
function commandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: "boolean" },
      "standard-json": { type: "boolean" },
      "base-path": { type: "string" },
      "include-path": { type: "string", short: "I", multiple: true },
      // Accepted for compatibility: sources come inside the request, imports from the roots below.
      "allow-paths": { type: "string", multiple: true },
      "no-color": { type: "boolean" },
    },
  });
  return {
    mode: values.version ? "version" : values["standard-json"] ? "compile" : undefined,
    requestFile: positionals[0] ?? "-",
    importRoots: [values["base-path"] ?? process.cwd(), ...(values["include-path"] ?? [])],
  };
}

/** Reads imports that the request does not carry, from the first root that has them. */
function importReader(roots) {
  return (name) => {
    for (const root of roots) {
      const file = path.resolve(root, name);
      if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `not found below ${roots.join(", ")}` };
  };
}

/** Writes everything before returning: a pipe takes part of a large answer at a time. */
function writeOut(text) {
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(STDOUT, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function main() {
  const { mode, requestFile, importRoots } = commandLine();
  const solc = require("solc");
  if (mode === "version") {
    writeOut(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
  } else if (mode === "compile") {
    const request = fs.readFileSync(requestFile === "-" ? STDIN : requestFile, "utf8");
    writeOut(solc.compile(request, { import: importReader(importRoots) }));
  } else {
    throw new Error("need --version or --standard-json");
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`tools/solc.cjs: ${error.message}\n`);
  process.exitCode = 1;
}
