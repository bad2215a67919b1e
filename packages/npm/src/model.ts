/** What the chain knows of a model: its inputs and outputs, its price in gas, who may call it. */

import {
  getAddress,
  zeroAddress,
  type Address,
  type Client,
  type ContractFunctionReturnType,
  type Hex,
} from "viem";
import { readContract } from "viem/actions";
import { inferenceAbi, registryAbi } from "./abi.js";
import { INFERENCE, MODEL_REGISTRY } from "./addresses.js";
import { named } from "./errors.js";
import type { Scale } from "./numbers.js";

type ModelInfo = ContractFunctionReturnType<typeof inferenceAbi, "view", "modelInfo">;

/** Element types, by their numbers in `IInference.TensorInfo`. */
const DTYPES = { 1: "bool", 3: "i8", 4: "i16", 5: "i32", 6: "i48" } as const;

/** Type of a tensor's elements. */
export type DType = (typeof DTYPES)[keyof typeof DTYPES];

/** An input or output of a model. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Elements along each axis, outermost first; data is row-major. */
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly length: number;
  /** None: elements are plain integers. One for the tensor, or one for each index of `axis`. */
  readonly scales: readonly Scale[];
  /** The axis that the scales run along; `undefined` if they do not. */
  readonly axis: number | undefined;
  /** Whether a number beyond an input's range becomes the nearest element instead of failing the call. */
  readonly saturates: boolean;
}

/** An activated model. */
export interface Model {
  /** Its root contract. */
  readonly address: Address;
  /** The root's code hash. */
  readonly modelHash: Hex;
  /** keccak256 of the model's bytes. */
  readonly contentHash: Hex;
  /** The only account that may call it in a transaction; `undefined` for anyone. */
  readonly gate: Address | undefined;
  /** Gas of one inference as the first of a transaction, at the precompile's boundary. */
  readonly inferenceGas: bigint;
  /** The part of it that later inferences of the same transaction save. */
  readonly loadGas: bigint;
  readonly payloadBytes: number;
  readonly arenaBytes: bigint;
  /** In the order of calldata. */
  readonly inputs: readonly TensorInfo[];
  /** In the order of return data. */
  readonly outputs: readonly TensorInfo[];
}

/** A model of the registry, at one of its versions. */
export interface RegisteredModel extends Model {
  /** Its token. */
  readonly modelId: bigint;
  /** From 1. */
  readonly version: number;
}

/**
 * Reads what is recorded of an activated model.
 *
 * @param client - A viem client of the chain.
 * @param address - The model's root contract, which `fixpoint deploy` prints.
 * @throws {@link ModelRevert} `NotAModel`, `NotActivated`, ...; {@link UnavailableError}.
 */
export async function readModel(client: Client, address: Address): Promise<Model> {
  const info = await named(
    readContract(client, {
      address: INFERENCE,
      abi: inferenceAbi,
      functionName: "modelInfo",
      args: [address],
    }),
  );
  return modelOf(address, info);
}

/**
 * Finds a model in the registry.
 *
 * @param client - A viem client of the chain.
 * @param id - Its token's number, or a string id: `NAME`, `0xOWNER/NAME` or `0xID`, with `@N` behind it for one
 * version. Without, it is the version that is the latest now. A bare name belongs to whoever took it first.
 * @throws {@link ModelRevert} `UnknownName`, `ERC721NonexistentToken`, `UnknownVersion`, and those of
 * {@link readModel}.
 */
export async function findModel(client: Client, id: string | bigint): Promise<RegisteredModel> {
  const registry = { address: MODEL_REGISTRY, abi: registryAbi } as const;
  const [modelId, pinned] =
    typeof id === "bigint"
      ? [id, 0]
      : await named(readContract(client, { ...registry, functionName: "resolve", args: [id] }));
  const version =
    pinned ||
    (await named(
      readContract(client, { ...registry, functionName: "latestVersion", args: [modelId] }),
    ));
  const root = await named(
    readContract(client, { ...registry, functionName: "rootOf", args: [modelId, version] }),
  );
  return { ...(await readModel(client, root)), modelId, version };
}

/** The scale of an element; `undefined` for plain integers. */
export function scaleAt(tensor: TensorInfo, index: number): Scale | undefined {
  if (tensor.axis === undefined) return tensor.scales[0];
  const inner = tensor.shape.slice(tensor.axis + 1).reduce((product, size) => product * size, 1);
  return tensor.scales[Math.floor(index / inner) % tensor.scales.length];
}

function modelOf(address: Address, info: ModelInfo): Model {
  return {
    address: getAddress(address),
    modelHash: info.modelHash,
    contentHash: info.contentHash,
    gate: info.gate === zeroAddress ? undefined : info.gate,
    inferenceGas: info.inferenceGas,
    loadGas: info.loadGas,
    payloadBytes: info.payloadBytes,
    arenaBytes: info.arenaBytes,
    inputs: info.inputs.map(tensorOf),
    outputs: info.outputs.map(tensorOf),
  };
}

function tensorOf(info: ModelInfo["inputs"][number]): TensorInfo {
  const dtype = DTYPES[info.dtype as keyof typeof DTYPES];
  if (dtype === undefined) {
    throw new TypeError(`'${info.name}' has element type ${info.dtype}, which this version does not know`);
  }
  return {
    name: info.name,
    dtype,
    shape: info.shape,
    length: info.shape.reduce((product, size) => product * size, 1),
    scales: info.scaleNumerator.map((numerator, index) => ({
      numerator,
      denominator: info.scaleDenominator[index] ?? 1n,
      zeroPoint: BigInt(info.zeroPoint[index] ?? 0),
    })),
    axis: info.quantisation === 2 ? info.axis : undefined,
    saturates: info.saturates,
  };
}
