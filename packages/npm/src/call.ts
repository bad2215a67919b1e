/** Asking a model without a transaction: `eth_call` of the precompile. */

import type { Address, BlockTag, Client } from "viem";
import { readContract } from "viem/actions";
import { inferenceAbi } from "./abi.js";
import { INFERENCE } from "./addresses.js";
import { decode, decodeRaw, lengthOf, type Outputs } from "./decode.js";
import { encode, encodeRaw, type Inputs } from "./encode.js";
import { named } from "./errors.js";
import type { Model } from "./model.js";

/** How to ask. */
export interface CallOptions {
  /** The sender; the model's gate if it has one, since a gate binds transactions alone. */
  readonly from?: Address;
  /** The state to ask in; the latest block's by default. */
  readonly block?: BlockTag | bigint;
  /** Pass the tensors' own integers instead of words: less calldata, the same answer. */
  readonly raw?: boolean;
}

/**
 * Asks a model.
 *
 * @param client - A viem client of the chain.
 * @param model - What {@link readModel} or {@link findModel} told.
 * @param inputs - A value for each input, by its name.
 * @returns A tensor for each output, by its name.
 * @throws {@link InputError}; {@link ModelRevert} `InputRange`, `ExecutionFailed`, ...
 */
export async function call(
  client: Client,
  model: Model,
  inputs: Inputs,
  options: CallOptions = {},
): Promise<Outputs> {
  const target = targetOf(model, options);
  if (options.raw === true) {
    const args = [model.address, encodeRaw(model, inputs)] as const;
    const data = readContract(client, { ...target, functionName: "inferenceRaw", args });
    return decodeRaw(model, await named(data, model.inputs));
  }
  const args = [model.address, encode(model, inputs)] as const;
  const words = readContract(client, { ...target, functionName: "inference", args });
  return decode(model, await named(words, model.inputs));
}

/**
 * Asks a model about several samples in one call.
 *
 * @returns The outputs of each sample, as {@link call} would return them.
 */
export async function callBatch(
  client: Client,
  model: Model,
  samples: readonly Inputs[],
  options: Omit<CallOptions, "raw"> = {},
): Promise<Outputs[]> {
  const input = samples.flatMap((sample) => encode(model, sample));
  const words = await named(
    readContract(client, {
      ...targetOf(model, options),
      functionName: "inferenceBatch",
      args: [model.address, BigInt(samples.length), input],
    }),
    model.inputs,
  );
  const perSample = lengthOf(model.outputs);
  return samples.map((_, index) =>
    decode(model, words.slice(index * perSample, (index + 1) * perSample)),
  );
}

function targetOf(model: Model, options: CallOptions) {
  const account = options.from ?? model.gate;
  const block = options.block ?? "latest";
  return {
    address: INFERENCE,
    abi: inferenceAbi,
    ...(account === undefined ? {} : { account }),
    ...(typeof block === "bigint" ? { blockNumber: block } : { blockTag: block }),
  } as const;
}
