// The contracts that every Fixpoint chain has: calls of them, and what their calldata, events and
// errors say.

import { bytesOf, decode, decodeEvent, encode, parse } from "./abi.js";
import { call } from "./node.js";

export const PRECOMPILE = "0x0000000000000000000000000000000000000f1e";
export const REGISTRY = "0x0000000000000000000000000000000000000f20";
export const GATEWAY = "0x0000000000000000000000000000000000000f21";
export const CHUNK_STORE = "0x0000000000000000000000000000000000000f22";

/** Blocks whose events a node gives in one answer. */
const MAX_BLOCKS = 1_000_000;
const REVERT_REASON = ["0x08c379a0", "Error(string reason)"];
const PANIC = ["0x4e487b71", "Panic(uint256 code)"];

/** By address: name, and signatures by selector or topic. `tools/explorer_abi.cjs` writes it. */
const CONTRACTS = await (await fetch("abi.json")).json();
const ERRORS = Object.fromEntries([
  ...Object.values(CONTRACTS).flatMap(({ errors }) => Object.entries(errors)),
  REVERT_REASON,
  PANIC,
]);

/** The name of a contract that is part of the chain. */
export function nameOf(address) {
  return CONTRACTS[address.toLowerCase()]?.name;
}

/** The selector or topic of the only `kind` with this name in a contract. */
function keyOf(address, kind, name) {
  const entries = Object.entries(CONTRACTS[address][kind]);
  const found = entries.find(([, signature]) => signature.startsWith(`${name}(`));
  if (found === undefined) throw new Error(`${CONTRACTS[address].name} has no ${name}`);
  return found;
}

/** The topic of an event. */
export function topicOf(address, name) {
  return keyOf(address, "events", name)[0];
}

/** What a view function returns: its value, or a list of them. */
export async function read(address, name, ...values) {
  const [selector, signature] = keyOf(address, "functions", name);
  const request = { to: address, data: encode(selector, values) };
  const outputs = decode(
    parse(signature).outputs,
    bytesOf(await call("eth_call", request, "latest")),
  );
  return outputs.length === 1 ? outputs[0] : outputs;
}

/** A contract's events of this name, the first topics given; the latest last. */
export async function events(address, name, ...topics) {
  const head = Number(await call("eth_blockNumber"));
  const fromBlock = `0x${Math.max(0, head - MAX_BLOCKS + 1).toString(16)}`;
  const filter = { address, topics: [topicOf(address, name), ...topics], fromBlock };
  return (await call("eth_getLogs", filter)).map((log) => ({ ...described(log), log }));
}

/** A log's event: name, and `arguments` by their names; undefined if nobody knows it. */
export function described({ address, topics, data }) {
  return interpreted(CONTRACTS[address]?.events[topics[0]], (inputs) =>
    decodeEvent(inputs, topics, data),
  );
}

/** A call's function and arguments; undefined if nobody knows it. */
export function calledFunction(address, input) {
  const signature = CONTRACTS[address?.toLowerCase()]?.functions[input.slice(0, 10)];
  return interpreted(signature, (inputs) => decode(inputs, bytesOf(input).subarray(4)));
}

/** An error's name and arguments in revert data; undefined if nobody knows it. */
export function revertError(data) {
  return interpreted(ERRORS[data?.slice(0, 10)], (inputs) =>
    decode(inputs, bytesOf(data).subarray(4)),
  );
}

function interpreted(signature, valuesOf) {
  if (signature === undefined) return undefined;
  const { name, inputs } = parse(signature);
  try {
    const values = valuesOf(inputs);
    const list = inputs.map((input, index) => ({ ...input, value: values[index] }));
    const byName = Object.fromEntries(list.map(({ name, value }) => [name, value]));
    return { name, list, arguments: byName };
  } catch {
    // Anybody can send anything: what is no encoding has no arguments.
    return { name, list: [], arguments: {} };
  }
}
