// Runs a WASI program with this process's arguments and files: a `runner` for cargo.
import { readFile } from "node:fs/promises";
import { argv, env, exit } from "node:process";
import { setFlagsFromString } from "node:v8";
import { WASI } from "node:wasi";

// Node 20's WASI functions corrupt memory when V8 calls them the fast way from optimised code: programs
// that had passed ended with SIGSEGV or a TypeError, half of the time.
setFlagsFromString("--no-turbo-fast-api-calls");

const args = argv.slice(2);
// Tests name files by absolute paths.
const wasi = new WASI({ version: "preview1", args, env, preopens: { "/": "/" } });
const module = await WebAssembly.compile(await readFile(args[0]));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
exit(wasi.start(instance));
