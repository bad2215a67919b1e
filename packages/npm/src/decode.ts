/** What a call gives to named outputs. */

import { hexToBytes, type Hex } from "viem";
import { bytesOf } from "./encode.js";
import { scaleAt, type DType, type Model, type TensorInfo } from "./model.js";
import { numberOfWord, wordOfElement } from "./numbers.js";

/** An output of one call. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements, row-major: the doubles nearest to what the chain said. */
  readonly values: readonly number[];
  /** What the chain said, exactly: words of 18 decimals, or plain integers of an output without a scale. */
  readonly words: readonly bigint[];
}

/** A tensor for each output, by the model's own names. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** Outputs of the words that `inference` returns. */
export function decode(model: Model, words: readonly bigint[]): Outputs {
  checkLength(words.length, lengthOf(model.outputs), "words");
  return byName(model, (start, tensor) => words.slice(start, start + tensor.length));
}

/** Outputs of the bytes that `inferenceRaw` returns; the same as {@link decode} of its words. */
export function decodeRaw(model: Model, data: Hex): Outputs {
  const bytes = hexToBytes(data);
  const sizes = model.outputs.map((tensor) => tensor.length * bytesOf(tensor.dtype));
  checkLength(bytes.length, sizes.reduce((sum, size) => sum + size, 0), "bytes");
  let offset = 0;
  return byName(model, (_, tensor) => {
    const elements = unpacked(bytes.subarray(offset), tensor);
    offset += tensor.length * bytesOf(tensor.dtype);
    return elements.map((element, index) => {
      const scale = scaleAt(tensor, index);
      return scale === undefined ? element : wordOfElement(element, scale);
    });
  });
}

/** Elements of several tensors. */
export function lengthOf(tensors: readonly TensorInfo[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.length, 0);
}

function byName(
  model: Model,
  wordsAt: (start: number, tensor: TensorInfo) => readonly bigint[],
): Outputs {
  let start = 0;
  return Object.fromEntries(
    model.outputs.map((tensor) => {
      const words = wordsAt(start, tensor);
      start += tensor.length;
      const values = words.map(tensor.scales.length === 0 ? Number : numberOfWord);
      return [tensor.name, { dtype: tensor.dtype, shape: tensor.shape, values, words }];
    }),
  );
}

function unpacked(bytes: Uint8Array, tensor: TensorInfo): bigint[] {
  const size = bytesOf(tensor.dtype);
  return Array.from({ length: tensor.length }, (_, index) => {
    const element = bytes.subarray(index * size, (index + 1) * size);
    const unsigned = element.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    return BigInt.asIntN(8 * size, unsigned);
  });
}

function checkLength(got: number, want: number, unit: string): void {
  if (got !== want) throw new RangeError(`the answer has ${got} ${unit}, the model's has ${want}`);
}
