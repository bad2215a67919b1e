/**
 * Models on a Fixpoint chain, through viem: {@link readModel} or {@link findModel}, then {@link call}, or
 * {@link pay} for one that has a price.
 *
 * @packageDocumentation
 */

export { gatewayAbi, inferenceAbi, registryAbi } from "./abi.js";
export { INFERENCE, INFERENCE_GATEWAY, MODEL_REGISTRY } from "./addresses.js";
export { call, callBatch, type CallOptions } from "./call.js";
export { decode, decodeRaw, type Outputs, type Tensor } from "./decode.js";
export {
  encode,
  encodeRaw,
  type Inputs,
  type NumberArray,
  type Scalar,
  type TensorValue,
} from "./encode.js";
export {
  InputError,
  ModelRevert,
  UnavailableError,
  isRevert,
  type RevertArgs,
  type RevertName,
} from "./errors.js";
export {
  findModel,
  readModel,
  type DType,
  type Model,
  type RegisteredModel,
  type TensorInfo,
} from "./model.js";
export type { Scale } from "./numbers.js";
export {
  pay,
  quote,
  type InferenceReceipt,
  type PaidAnswer,
  type PayOptions,
  type PayingClient,
  type Quote,
} from "./pay.js";
