#!/usr/bin/env node
// Stands in for `fixpoint precompile` where a test is about the shim and not about inference.
// Input: status (1 byte), gas used (8 bytes), anything. Answer: the ABI encoding of (status, gas
// used, data), data being this command line as text, with the input's length in place of the input.
"use strict";

const fs = require("node:fs");

const args = process.argv.slice(2);
if (args[0] === "--version") {
  console.log("fixpoint stand-in");
  process.exit();
}
const at = args.indexOf("--input") + 1;
const fromFile = args[at].startsWith("@");
const text = fromFile ? fs.readFileSync(args[at].slice(1), "utf8") : args[at];
const input = Buffer.from(text.trim().replace(/^0x/, ""), "hex");
args[at] = `${fromFile ? "file" : "argument"} of ${input.length}`;

const word = (value) => BigInt(value).toString(16).padStart(64, "0");
const data = Buffer.from(args.join(" ").replace(/--gas \d+/, "--gas N"));
const padding = "00".repeat((32 - (data.length % 32)) % 32);
process.stdout.write(
  `0x${word(input[0])}${word(input.readBigUInt64BE(1))}${word(96)}${word(data.length)}` +
    `${data.toString("hex")}${padding}\n`,
);
