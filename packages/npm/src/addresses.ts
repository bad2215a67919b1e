/** Where things are on every Fixpoint chain (`docs/abi.md`), with EIP-55 checksums. */

import type { Address } from "viem";

/** The inference precompile. */
export const INFERENCE: Address = "0x0000000000000000000000000000000000000F1E";
/** `ModelRegistry`: who owns which model, under which name, at which price. */
export const MODEL_REGISTRY: Address = "0x0000000000000000000000000000000000000f20";
/** `InferenceGateway`: takes payment for priced models. */
export const INFERENCE_GATEWAY: Address = "0x0000000000000000000000000000000000000F21";
