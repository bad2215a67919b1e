// Runs a WASI program with this process's arguments and files: a `runner` for cargo.
import { readFile } from "node:fs/promises";
import { argv, env, exit } from "node:process";
import { WASI } from "node:wasi";

const args = argv.slice(2);
// Tests name files by absolute paths.
const wasi = new WASI({ version: "preview1", args, env, preopens: { "/": "/" } });
const module = await WebAssembly.compile(await readFile(args[0]));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
exit(wasi.start(instance));
