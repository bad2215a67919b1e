/** Calls of a devnet: trained models against the command line, small ones against the shared vectors. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createPublicClient, custom, decodeFunctionData, decodeFunctionResult, type Hex } from "viem";
import {
  InputError,
  ModelRevert,
  UnavailableError,
  call,
  callBatch,
  findModel,
  inferenceAbi,
  isRevert,
  readModel,
  type Inputs,
  type Model,
  type Outputs,
} from "@fixpoint/viem";
import { client, network } from "./network.js";

const { digits, vectors } = network;

/** A vector of `test-vectors/calls/`. */
interface Vector {
  readonly Name: string;
  readonly Input: string;
  readonly Expected: string;
}

function vectorsOf(file: string): Vector[] {
  return JSON.parse(readFileSync(join(network.root, "test-vectors", "calls", file), "utf8"));
}

/** The vectors of a model that is on the devnet, with its description. */
async function casesOf(file: string): Promise<[Vector, Model][]> {
  const models = new Map<string, Model>();
  for (const [name, address] of Object.entries(vectors)) {
    models.set(name, await readModel(client, address));
  }
  const cases = vectorsOf(file).flatMap((vector): [Vector, Model][] => {
    const model = models.get(vector.Name.split(":")[0] ?? "");
    return model === undefined ? [] : [[vector, model]];
  });
  assert.ok(cases.length >= 8, `only ${cases.length} vectors of ${file} are of these models`);
  return cases;
}

/** Words as named inputs: decimals of a real number, integers of the others. */
function inputsOf(model: Model, words: readonly bigint[]): Inputs {
  let start = 0;
  return Object.fromEntries(
    model.inputs.map((tensor) => {
      const own = words.slice(start, start + tensor.length);
      start += tensor.length;
      return [tensor.name, tensor.scales.length === 0 ? own : own.map(decimal)];
    }),
  );
}

function decimal(word: bigint): string {
  const digits = (word < 0n ? -word : word).toString().padStart(19, "0");
  return `${word < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}

function wordsOf(outputs: Outputs): bigint[] {
  return Object.values(outputs).flatMap((tensor) => [...tensor.words]);
}

function inputOf(vector: Vector): readonly bigint[] {
  const data = decodeFunctionData({ abi: inferenceAbi, data: `0x${vector.Input}` });
  assert.equal(data.functionName, "inference");
  return data.args[1] as readonly bigint[];
}

const image = (index: number): Inputs => ({ image: digits.images[index] ?? [] });

test("a model describes itself", async () => {
  const model = await readModel(client, digits.model);
  assert.deepEqual(model.inputs.map(({ name, shape }) => [name, shape]), [["image", [1, 1, 8, 8]]]);
  assert.deepEqual(model.outputs.map(({ name, length }) => [name, length]), [["logits", 10]]);
  assert.ok(model.inferenceGas > model.loadGas && model.loadGas > 0n);

  const registered = await findModel(client, "digits");
  assert.deepEqual(registered, { ...model, modelId: BigInt(digits.modelId), version: 1 });
  assert.deepEqual(await findModel(client, BigInt(digits.modelId)), registered);
  assert.deepEqual(await findModel(client, "digits@1"), registered);
});

test("answers are those of the command line", async () => {
  const model = await readModel(client, digits.model);
  assert.ok(digits.images.length >= 10);
  for (const [index, logits] of digits.logits.entries()) {
    const outputs = await call(client, model, image(index));
    assert.deepEqual(outputs["logits"]?.words, logits.map(BigInt));
    assert.deepEqual(outputs["logits"]?.values, logits.map((word) => Number(decimal(BigInt(word)))));
    assert.deepEqual(await call(client, model, image(index), { raw: true }), outputs);
  }
});

test("a batch answers as its samples do", async () => {
  const model = await readModel(client, digits.model);
  const samples = digits.images.map((_, index) => image(index));
  const outputs = await callBatch(client, model, samples);
  assert.deepEqual(outputs.map(wordsOf), digits.logits.map((logits) => logits.map(BigInt)));
  assert.deepEqual(await callBatch(client, model, []), []);
});

test("the shared vectors, by name, as words and as raw integers", async () => {
  for (const [vector, model] of await casesOf("words.json")) {
    const inputs = inputsOf(model, inputOf(vector));
    const want = decodeFunctionResult({
      abi: inferenceAbi,
      functionName: "inference",
      data: `0x${vector.Expected}`,
    });
    assert.deepEqual(wordsOf(await call(client, model, inputs)), want, vector.Name);
    assert.deepEqual(wordsOf(await call(client, model, inputs, { raw: true })), want, vector.Name);
  }
});

test("the shared vectors that fail, by name", async () => {
  for (const [vector, model] of await casesOf("fail-words.json")) {
    const words = inputOf(vector);
    if (words.length !== model.inputs.reduce((sum, input) => sum + input.length, 0)) continue;
    const inputs = inputsOf(model, words);
    const error = await call(client, model, inputs).catch((error: unknown) => error);
    assert.ok(error instanceof ModelRevert, vector.Name);
    assert.ok(`0x${vector.Expected}`.startsWith(selectorOf(error.errorName)), vector.Name);
    if (isRevert(error, "InputRange")) {
      assert.equal(error.args.index, BigInt(`0x${vector.Expected.slice(8)}`), vector.Name);
      // As raw integers it never leaves the caller.
      await assert.rejects(call(client, model, inputs, { raw: true }), InputError, vector.Name);
    }
  }
});

/** Selectors of the precompile's errors, as `contracts/abi/` has them. */
function selectorOf(errorName: string): string {
  const path = join(network.root, "contracts", "abi", "IInference.json");
  const { errors } = JSON.parse(readFileSync(path, "utf8")) as { errors: Record<string, Hex> };
  const found = Object.entries(errors).find(([signature]) => signature.startsWith(`${errorName}(`));
  assert.ok(found, errorName);
  return found[1];
}

test("reverts have names and arguments", async () => {
  const model = await readModel(client, digits.model);
  const pixels = [...(digits.images[0] ?? [])];
  pixels[5] = 99;
  await assert.rejects(call(client, model, { image: pixels }), (error: unknown) => {
    assert.ok(isRevert(error, "InputRange"));
    assert.equal(error.args.index, 5n);
    assert.match(error.message, /element 5 of 'image' is out of its range/);
    return true;
  });
  const nobody = "0x00000000000000000000000000000000DeaDBeef";
  await assert.rejects(readModel(client, nobody), (error: unknown) => {
    assert.ok(isRevert(error, "NotAModel"));
    assert.equal(error.args.model, nobody);
    return true;
  });
  await assert.rejects(call(client, model, image(0), { from: nobody }), (error: unknown) => {
    assert.ok(isRevert(error, "Gated"));
    assert.deepEqual(error.args, { model: model.address, gate: model.gate });
    return true;
  });
  await assert.rejects(findModel(client, "no such name"), (error: unknown) => {
    assert.ok(isRevert(error, "UnknownName"));
    assert.equal(error.args.id, "no such name");
    return true;
  });
});

test("a chain without the precompile is told apart", async () => {
  const empty = createPublicClient({
    transport: custom({ request: ({ method }) => Promise.resolve(method === "eth_call" ? "0x" : "0x1") }),
  });
  await assert.rejects(readModel(empty, digits.model), UnavailableError);
});
