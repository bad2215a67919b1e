// Inferences: where they are in traces, and the tensors in their calldata and return data.

import { bytesOf, decode } from "./abi.js";
import { calledFunction, PRECOMPILE } from "./contracts.js";
import { call } from "./node.js";

const WAD = 1e18;
/** Bytes of an element, by the number of its type. */
const ELEMENT_BYTES = { 1: 1, 3: 1, 4: 2, 5: 4, 6: 8 };
const DTYPES = { 1: "bool", 3: "i8", 4: "i16", 5: "i32", 6: "i48" };
const FUNCTIONS = /^inference/;
const WORDS = [{ type: { kind: "array", element: { kind: "int" } } }];
const BYTES = [{ type: { kind: "bytes" } }];

/** The name of an element type. */
export function dtypeName(dtype) {
  return DTYPES[dtype] ?? `type ${dtype}`;
}

/** Inferences in the blocks `from` to `to`, in the chain's order. */
export async function inferencesIn(from, to) {
  const range = { fromBlock: hex(from), toBlock: hex(to), toAddress: [PRECOMPILE] };
  const traces = await call("trace_filter", range);
  return traces
    .filter(({ inference }) => FUNCTIONS.test(inference?.function))
    .map(({ inference, action, result, error, transactionHash, blockNumber }) => ({
      ...inference,
      from: action.from,
      input: action.input,
      output: error === undefined ? result?.output : undefined,
      error,
      gasUsed: Number(result?.gasUsed ?? 0),
      transaction: transactionHash,
      block: Number(blockNumber),
    }));
}

/** Inferences among the frames of a transaction's call trace. */
export function inferencesOf(frame, found = []) {
  const { inference, from, input, output, error, gasUsed } = frame;
  if (FUNCTIONS.test(inference?.function)) {
    const answer = error === undefined ? output : undefined;
    const failure = error === undefined ? undefined : output;
    found.push({
      ...inference,
      from,
      input,
      output: answer,
      error,
      failure,
      gasUsed: Number(gasUsed),
    });
  }
  for (const inner of frame.calls ?? []) inferencesOf(inner, found);
  return found;
}

/** The gas of an inference by part; a part that was not reached is 0. */
export function gasParts({ gas }) {
  return ["call", "reads", "load", "run", "io"].map((part) => [part, Number(gas?.[part] ?? 0)]);
}

/** The number of elements of a shape. */
export function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The tensors of one of a call's runs: `{ inputs, outputs }`, each `[{ port, values }]` with numbers as
 * the model means them. A side that does not fit the model is undefined.
 */
export function tensorsOf(inference, model, run = 0) {
  const isRaw = inference.function === "inferenceRaw";
  const side = (ports, read) => {
    try {
      return tensors(ports, read(), isRaw, run);
    } catch {
      // What anybody sends may be anything.
      return undefined;
    }
  };
  return {
    inputs: side(model.inputs, () => calledFunction(PRECOMPILE, inference.input).arguments.input),
    outputs: side(model.outputs, () => decode(isRaw ? BYTES : WORDS, bytesOf(inference.output))[0]),
  };
}

function tensors(ports, elements, isRaw, run) {
  const sizes = ports.map((port) => sizeOf(port.shape) * (isRaw ? ELEMENT_BYTES[port.dtype] : 1));
  const runSize = sizes.reduce((sum, size) => sum + size, 0);
  if (elements.length < (run + 1) * runSize) throw new RangeError("too short");
  let start = run * runSize;
  return ports.map((port, index) => {
    const part = elements.slice(start, start + sizes[index]);
    start += sizes[index];
    return { port, values: isRaw ? valuesOfBytes(part, port) : valuesOfWords(part, port) };
  });
}

function valuesOfWords(words, port) {
  return words.map(port.quantisation === 0 ? Number : (word) => Number(word) / WAD);
}

function valuesOfBytes(bytes, port) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const inner = sizeOf(port.shape.slice(port.axis + 1));
  return Array.from({ length: sizeOf(port.shape) }, (_, index) => {
    const element = elementAt(view, port.dtype, index);
    if (port.quantisation === 0) return element;
    const scale =
      port.quantisation === 1 ? 0 : Math.floor(index / inner) % port.scaleNumerator.length;
    const offset = element - port.zeroPoint[scale];
    return (offset * port.scaleNumerator[scale]) / port.scaleDenominator[scale];
  });
}

function elementAt(view, dtype, index) {
  switch (dtype) {
    case 4:
      return view.getInt16(2 * index, true);
    case 5:
      return view.getInt32(4 * index, true);
    case 6:
      return Number(view.getBigInt64(8 * index, true));
    default:
      return view.getInt8(index);
  }
}

function hex(number) {
  return `0x${number.toString(16)}`;
}
