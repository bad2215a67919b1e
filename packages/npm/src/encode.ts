/** Named inputs to what a call takes: words, or the tensors' own integers. */

import { bytesToHex, type Hex } from "viem";
import { InputError } from "./errors.js";
import { scaleAt, type DType, type Model, type TensorInfo } from "./model.js";
import { WAD, elementOfWord, wordOfDecimal, wordOfNumber } from "./numbers.js";

/**
 * One element. A string is a decimal number, taken exactly: `"0.1"`, or `formatUnits(word, 18)` for a word
 * of 18 decimals. A number is the double that it is.
 */
export type Scalar = number | bigint | boolean | string;

/**
 * The elements of a tensor: nested arrays of its shape, axes of length 1 left out or not; or all elements in
 * one list, row-major; or one value for a tensor of one element.
 */
export type TensorValue = Scalar | NumberArray | readonly TensorValue[];

/** One of JavaScript's typed arrays. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A value for each input, by the model's own names. */
export type Inputs = Readonly<Record<string, TensorValue>>;

/** Words are `int256`. */
const MAX_WORD = 2n ** 255n - 1n;

/** Bits that an element has, and bytes that it takes. */
const WIDTHS: Readonly<Record<DType, { readonly bits: bigint; readonly bytes: number }>> = {
  bool: { bits: 1n, bytes: 1 },
  i8: { bits: 8n, bytes: 1 },
  i16: { bits: 16n, bytes: 2 },
  i32: { bits: 32n, bytes: 4 },
  i48: { bits: 48n, bytes: 8 },
};

/**
 * The words of `inference`: 18 decimals for inputs with a scale, plain integers for others.
 *
 * @throws {@link InputError} for a name that the model does not have, another shape, or a value that is no
 * number.
 */
export function encode(model: Model, inputs: Inputs): bigint[] {
  checkNames(model, inputs);
  return model.inputs.flatMap((tensor) => wordsOf(tensor, inputs[tensor.name] as TensorValue));
}

/**
 * The bytes of `inferenceRaw`: each number as the element that the chain would make of its word, packed
 * little-endian. A fraction of the calldata, for a call that answers the same.
 *
 * @throws {@link InputError} as {@link encode}, and for a number beyond its input's range.
 */
export function encodeRaw(model: Model, inputs: Inputs): Hex {
  checkNames(model, inputs);
  const parts = model.inputs.map((tensor) => {
    const words = wordsOf(tensor, inputs[tensor.name] as TensorValue);
    return packed(tensor, words);
  });
  return `0x${parts.map((part) => bytesToHex(part).slice(2)).join("")}`;
}

/** Bytes that an element takes in raw data. */
export function bytesOf(dtype: DType): number {
  return WIDTHS[dtype].bytes;
}

function checkNames(model: Model, inputs: Inputs): void {
  const known = model.inputs.map((tensor) => tensor.name);
  const list = known.map((name) => `'${name}'`).join(", ");
  for (const name of known) {
    if (!Object.hasOwn(inputs, name)) throw new InputError(name, "no value is given for it");
  }
  for (const name of Object.keys(inputs)) {
    if (!known.includes(name)) {
      throw new InputError(undefined, `the model has no input '${name}': its inputs are ${list}`);
    }
  }
}

function wordsOf(tensor: TensorInfo, value: TensorValue): bigint[] {
  const shape: number[] = [];
  const elements: Scalar[] = [];
  flatten(tensor, value, 0, shape, elements);
  const isList = shape.length === 1 && shape[0] === tensor.length;
  if (!isList && !sameShape(shape, tensor.shape)) {
    throw new InputError(
      tensor.name,
      `its shape is [${tensor.shape.join(", ")}], a value of shape [${shape.join(", ")}] is given`,
    );
  }
  return elements.map((element, index) => wordOf(tensor, element, index));
}

/** Appends a value's elements; `shape` is what the first elements of each depth have found. */
function flatten(
  tensor: TensorInfo,
  value: TensorValue,
  depth: number,
  shape: number[],
  elements: Scalar[],
): void {
  const ragged = () => new InputError(tensor.name, "its nested arrays are not of equal lengths");
  if (typeof value !== "object") {
    if (depth < shape.length) throw ragged();
    elements.push(value);
    return;
  }
  if (depth === shape.length) {
    // Deeper than the elements that are there already.
    if (elements.length > 0) throw ragged();
    shape.push(value.length);
  }
  if (shape[depth] !== value.length) throw ragged();
  for (const part of value) flatten(tensor, part, depth + 1, shape, elements);
}

/** Whether two shapes lay the same elements out alike: they differ in axes of length 1 at most. */
function sameShape(got: readonly number[], want: readonly number[]): boolean {
  const significant = (shape: readonly number[]) => shape.filter((size) => size !== 1);
  return significant(got).join() === significant(want).join();
}

function wordOf(tensor: TensorInfo, value: Scalar, index: number): bigint {
  const isPlain = tensor.scales.length === 0;
  const word = isPlain ? integerOf(value) : wordOfScalar(value);
  if (word === undefined || word > MAX_WORD || word < -MAX_WORD - 1n) {
    const wanted = isPlain ? "an integer" : "a number that a word of 18 decimals holds";
    throw new InputError(tensor.name, `element ${index} is ${String(value)}, not ${wanted}`);
  }
  return word;
}

function wordOfScalar(value: Scalar): bigint | undefined {
  switch (typeof value) {
    case "number":
      return wordOfNumber(value);
    case "string":
      return wordOfDecimal(value);
    default:
      return BigInt(value) * WAD;
  }
}

function integerOf(value: Scalar): bigint | undefined {
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) ? BigInt(value) : undefined;
    case "string": {
      const word = wordOfDecimal(value);
      return word !== undefined && word % WAD === 0n ? word / WAD : undefined;
    }
    default:
      return BigInt(value);
  }
}

/** Words as the tensor's own integers, as the chain makes them. */
function packed(tensor: TensorInfo, words: readonly bigint[]): Uint8Array {
  const { bits, bytes } = WIDTHS[tensor.dtype];
  const low = tensor.dtype === "bool" ? 0n : -(2n ** (bits - 1n));
  const high = tensor.dtype === "bool" ? 1n : 2n ** (bits - 1n) - 1n;
  const packed = new Uint8Array(words.length * bytes);
  words.forEach((word, index) => {
    const scale = scaleAt(tensor, index);
    let element = scale === undefined ? word : elementOfWord(word, scale);
    if (element < low || element > high) {
      if (!tensor.saturates) {
        throw new InputError(tensor.name, `element ${index} is out of its range`);
      }
      element = element < low ? low : high;
    }
    const unsigned = BigInt.asUintN(bytes * 8, element);
    for (let byte = 0; byte < bytes; byte += 1) {
      packed[index * bytes + byte] = Number((unsigned >> BigInt(8 * byte)) & 0xffn);
    }
  });
  return packed;
}
