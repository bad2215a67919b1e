/** Why there is no answer: what a chain reverted with, by name; what an input is missing. */

import {
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  type AbiParameter,
  type AbiParameterToPrimitiveType,
} from "viem";
import { gatewayAbi, inferenceAbi, registryAbi } from "./abi.js";
import type { TensorInfo } from "./model.js";

type Errors = Extract<
  (typeof inferenceAbi | typeof gatewayAbi | typeof registryAbi)[number],
  { type: "error" }
>;

/** Names of the custom errors that a chain can answer with. */
export type RevertName = Errors["name"];

/** An error's arguments by their names in Solidity. */
export type RevertArgs<name extends RevertName> = {
  readonly [parameter in Extract<Errors, { name: name }>["inputs"][number] as parameter extends {
    name: infer key extends string;
  }
    ? key
    : never]: parameter extends AbiParameter ? AbiParameterToPrimitiveType<parameter> : never;
};

/** The chain reverted with one of the custom errors of `docs/abi.md`. */
export class ModelRevert<name extends RevertName = RevertName> extends BaseError {
  /** Which. */
  readonly errorName: name;
  /** Its arguments. */
  readonly args: RevertArgs<name>;

  constructor(errorName: name, args: RevertArgs<name>, advice: string | undefined, cause: BaseError) {
    const list = Object.entries(args).map(([key, value]) => `${key}: ${String(value)}`);
    const text = `reverted with ${errorName}(${list.join(", ")})`;
    super(advice === undefined ? text : `${text}: ${advice}`, { cause, name: "ModelRevert" });
    this.errorName = errorName;
    this.args = args;
  }
}

/** A value that cannot be passed to an input. */
export class InputError extends BaseError {
  /** The input, as the model calls it; `undefined` if the value is for none. */
  readonly input: string | undefined;

  constructor(input: string | undefined, reason: string) {
    super(input === undefined ? reason : `input '${input}': ${reason}`, { name: "InputError" });
    this.input = input;
  }
}

/** The chain has no inference precompile. */
export class UnavailableError extends BaseError {
  constructor(cause: BaseError) {
    super("this chain has no inference precompile", { cause, name: "UnavailableError" });
  }
}

/** Whether an error is a chain's custom error of this name; its arguments are then typed. */
export function isRevert<name extends RevertName>(
  error: unknown,
  errorName: name,
): error is ModelRevert<name> {
  return error instanceof ModelRevert && error.errorName === errorName;
}

/** Waits for a call's result; what the chain reverted with becomes a {@link ModelRevert}. */
export async function named<T>(call: Promise<T>, inputs?: readonly TensorInfo[]): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof BaseError ? translated(error, inputs) : error;
  }
}

function translated(error: BaseError, inputs: readonly TensorInfo[] | undefined): BaseError {
  if (error.walk((cause) => cause instanceof ContractFunctionZeroDataError) !== null) {
    return new UnavailableError(error);
  }
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError) || revert.data === undefined) return error;
  const { errorName, args = [], abiItem } = revert.data;
  // `Error(string)` and `Panic(uint256)` are nobody's custom errors.
  if (abiItem.type !== "error" || !REVERT_NAMES.has(errorName)) return error;
  const byName = Object.fromEntries(
    abiItem.inputs.map((input, index) => [input.name ?? String(index), args[index]]),
  ) as RevertArgs<RevertName>;
  return new ModelRevert(errorName as RevertName, byName, advice(errorName, byName, inputs), error);
}

const REVERT_NAMES: ReadonlySet<string> = new Set(
  [...inferenceAbi, ...gatewayAbi, ...registryAbi]
    .filter((item) => item.type === "error")
    .map((item) => item.name),
);

/** Which element of which input a revert is about. */
function advice(
  errorName: string,
  args: object,
  inputs: readonly TensorInfo[] | undefined,
): string | undefined {
  if (errorName !== "InputRange" || inputs === undefined || !("index" in args)) return undefined;
  const perSample = inputs.reduce((sum, input) => sum + input.length, 0);
  let index = Number(args.index) % perSample;
  for (const input of inputs) {
    if (index < input.length) return `element ${index} of '${input.name}' is out of its range`;
    index -= input.length;
  }
  return undefined;
}
