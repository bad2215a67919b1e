/** Words of doubles and decimals, through `encode`: the cases of `docs/numerics.md`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError, decode, encode, encodeRaw, type Model, type TensorInfo } from "@fixpoint/viem";

const tensor = (overrides: Partial<TensorInfo>): TensorInfo => ({
  name: "x",
  dtype: "i32",
  shape: [1],
  length: 1,
  scales: [{ numerator: 1n, denominator: 1n, zeroPoint: 0n }],
  axis: undefined,
  saturates: false,
  ...overrides,
});

const model = (...inputs: TensorInfo[]): Model => ({
  address: "0x0000000000000000000000000000000000000040",
  modelHash: "0x",
  contentHash: "0x",
  gate: undefined,
  inferenceGas: 0n,
  loadGas: 0n,
  payloadBytes: 0,
  arenaBytes: 0n,
  inputs,
  outputs: inputs,
});

const real = model(tensor({}));
const plain = model(tensor({ scales: [] }));

test("a double's own value is what is rounded, a half up", () => {
  const cases: [number, bigint][] = [
    [1, 10n ** 18n],
    [-2.5, -25n * 10n ** 17n],
    [0.1, 100000000000000006n],
    [-0.1, -100000000000000006n],
    [1e-18, 1n],
    [1e-20, 0n],
    [5e-324, 0n],
    [-0, 0n],
    // 2^-19 is 1907348632812.5 units exactly.
    [2 ** -19, 1907348632813n],
    [-(2 ** -19), -1907348632812n],
    [2 ** 60, 2n ** 60n * 10n ** 18n],
  ];
  for (const [value, word] of cases) assert.deepEqual(encode(real, { x: value }), [word], `${value}`);
});

test("a decimal is taken exactly", () => {
  const cases: [string, bigint][] = [
    ["0.1", 10n ** 17n],
    ["-0.25", -25n * 10n ** 16n],
    ["+3", 3n * 10n ** 18n],
    [".5", 5n * 10n ** 17n],
    ["7.", 7n * 10n ** 18n],
    ["0.0000000000000000005", 1n],
    ["-0.0000000000000000005", 0n],
    ["-0.00000000000000000051", -1n],
    ["12345678901234567890.123456789012345678", 12345678901234567890123456789012345678n],
  ];
  for (const [value, word] of cases) assert.deepEqual(encode(real, { x: value }), [word], value);
});

test("integers stay what they are where there is no scale", () => {
  for (const value of [5, 5n, "5", "5.0"]) assert.deepEqual(encode(plain, { x: value }), [5n]);
  assert.deepEqual(encode(plain, { x: true }), [1n]);
  assert.deepEqual(encode(real, { x: 5n }), [5n * 10n ** 18n]);
  assert.deepEqual(decode(plain, [-7n])["x"]?.values, [-7]);
});

test("words read back as the nearest double", () => {
  for (const value of [0.1, -1 / 3, 1e-7, 123456.789, -(2 ** 40)]) {
    assert.deepEqual(decode(real, encode(real, { x: value }))["x"]?.values, [
      Number(value.toFixed(18)),
    ]);
  }
});

test("what no word holds is refused, with the input's name", () => {
  const refused = (value: number | string, of = real) =>
    assert.throws(
      () => encode(of, { x: value }),
      (error) => error instanceof InputError && error.input === "x",
      `${value}`,
    );
  for (const value of [NaN, Infinity, -Infinity, 1e300, "", "-", ".", "1e3", "0x10", " 1", "1 2"]) {
    refused(value);
  }
  for (const value of [0.5, "0.5", NaN]) refused(value, plain);
});

test("names and shapes must be the model's", () => {
  const square = model(tensor({ shape: [1, 2, 2], length: 4 }));
  const want = [1n, 2n, 3n, 4n].map((value) => value * 10n ** 18n);
  for (const x of [
    [[[1, 2], [3, 4]]],
    [[1, 2], [3, 4]],
    [Float32Array.of(1, 2), Float32Array.of(3, 4)],
    [1, 2, 3, 4],
    Uint8Array.of(1, 2, 3, 4),
    BigInt64Array.of(1n, 2n, 3n, 4n),
  ]) {
    assert.deepEqual(encode(square, { x }), want);
  }
  for (const x of [
    [[1, 2, 3, 4]].map((row) => [row, row]),
    [[1, 2, 3], [4]],
    [[1, 2], 3, 4],
    [1, [2, 3], 4],
    [1, 2, 3],
    [[1], [2], [3], [4]].map((row) => [row, row]),
    [],
    1,
  ]) {
    assert.throws(() => encode(square, { x }), InputError, JSON.stringify(x));
  }
  assert.throws(() => encode(square, {}), /input 'x': no value/);
  assert.throws(() => encode(square, { x: want, y: 1 }), /no input 'y': its inputs are 'x'/);
});

test("raw integers are those of the type, or refused, or saturate", () => {
  const byte = tensor({ dtype: "i8", scales: [{ numerator: 1n, denominator: 2n, zeroPoint: 3n }] });
  assert.equal(encodeRaw(model(byte), { x: -2 }), "0xff");
  assert.equal(encodeRaw(model({ ...byte, saturates: true }), { x: 1000 }), "0x7f");
  assert.equal(encodeRaw(model({ ...byte, saturates: true }), { x: -1000 }), "0x80");
  assert.throws(() => encodeRaw(model(byte), { x: 62.25 }), /element 0 is out of its range/);
  const wide = model(tensor({ dtype: "i48", scales: [] }));
  assert.equal(encodeRaw(wide, { x: -(2n ** 47n) }), "0x000000000080ffff");
  assert.throws(() => encodeRaw(wide, { x: 2n ** 47n }), InputError);
  assert.throws(() => encodeRaw(model(tensor({ dtype: "bool", scales: [] })), { x: 2 }), InputError);
});
