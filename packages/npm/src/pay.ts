/** Paid inference: a transaction to the gateway, which charges the model's price and writes a receipt. */

import {
  concat,
  keccak256,
  numberToHex,
  parseEventLogs,
  zeroAddress,
  type Account,
  type Address,
  type Chain,
  type Client,
  type Hex,
  type TransactionReceipt,
  type Transport,
} from "viem";
import { readContract, simulateContract, waitForTransactionReceipt, writeContract } from "viem/actions";
import { gatewayAbi } from "./abi.js";
import { INFERENCE_GATEWAY } from "./addresses.js";
import { decode, decodeRaw, type Outputs } from "./decode.js";
import { encode, encodeRaw, type Inputs } from "./encode.js";
import { named } from "./errors.js";
import type { RegisteredModel } from "./model.js";

/** What a call would be charged. */
export interface Quote {
  /** The price, in the smallest unit of its currency. */
  readonly price: bigint;
  /** An ERC-20 token; `undefined` for the chain's own currency. */
  readonly token: Address | undefined;
}

/** How to pay. */
export interface PayOptions {
  /** The most to pay; the price of the moment by default. What is not spent comes back. */
  readonly maxPrice?: bigint;
  /** Pay from the sender's balance at the gateway, within the sender's budget for the model. */
  readonly prepaid?: boolean;
  /** Pass the tensors' own integers instead of words: less gas, the same answer. */
  readonly raw?: boolean;
}

/** What the gateway wrote about a call; `fixpoint receipt` proves it to other chains. */
export interface InferenceReceipt {
  readonly modelId: bigint;
  readonly payer: Address;
  readonly caller: Address;
  readonly version: number;
  /** keccak256 of the words or bytes of the input. */
  readonly inputHash: Hex;
  /** keccak256 of the words or bytes of the output. */
  readonly outputHash: Hex;
  readonly raw: boolean;
  readonly token: Address;
  readonly price: bigint;
}

/** An answer that was paid for. */
export interface PaidAnswer {
  readonly outputs: Outputs;
  readonly receipt: InferenceReceipt;
  readonly transaction: TransactionReceipt;
}

/** A client that reads the chain and whose account pays. */
export type PayingClient = Client<Transport, Chain | undefined, Account>;

/**
 * What one inference would be charged now.
 *
 * @param payer - Who is going to pay: access may be restricted.
 * @throws {@link ModelRevert} `Retired`, `AccessDenied`.
 */
export async function quote(client: Client, model: RegisteredModel, payer: Address): Promise<Quote> {
  const [token, price] = await named(
    readContract(client, {
      address: INFERENCE_GATEWAY,
      abi: gatewayAbi,
      functionName: "quote",
      args: [model.modelId, model.version, 1n, payer],
    }),
  );
  return { price, token: token === zeroAddress ? undefined : token };
}

/**
 * Pays for one inference and waits until it is in a block.
 *
 * The call is simulated first, so one that would fail costs nothing. A transaction returns no data: the outputs
 * are those of the simulation, and the hash of the output in the receipt is compared with theirs. They are equal,
 * since the order names the model's version and an inference depends on nothing else.
 *
 * A price in a token is taken from the account, which must have approved the gateway.
 *
 * @throws {@link InputError}; {@link ModelRevert} `PriceAboveMax`, `InputRange`, ...
 */
export async function pay(
  client: PayingClient,
  model: RegisteredModel,
  inputs: Inputs,
  options: PayOptions = {},
): Promise<PaidAnswer> {
  const raw = options.raw === true;
  const call = raw ? { raw, input: encodeRaw(model, inputs) } : { raw, input: encode(model, inputs) };
  const { price, token } = await quote(client, model, client.account.address);
  const maxPrice = options.maxPrice ?? price;
  const prepaid = options.prepaid === true;
  const order = {
    modelId: model.modelId,
    version: model.version,
    token: token ?? zeroAddress,
    maxPrice,
    prepaid,
  };
  const target = {
    address: INFERENCE_GATEWAY,
    abi: gatewayAbi,
    account: client.account,
    value: prepaid || token !== undefined ? 0n : maxPrice,
  } as const;

  let sent: Hex;
  let answer: { readonly outputs: Outputs; readonly hash: Hex };
  if (call.raw) {
    const args = [order, call.input] as const;
    const simulation = simulateContract(client, { ...target, functionName: "inferenceRawWith", args });
    const { request, result } = await named(simulation, model.inputs);
    answer = { outputs: decodeRaw(model, result), hash: keccak256(result) };
    sent = await named(writeContract(client, request));
  } else {
    const args = [order, call.input] as const;
    const simulation = simulateContract(client, { ...target, functionName: "inferenceWith", args });
    const { request, result } = await named(simulation, model.inputs);
    answer = { outputs: decode(model, result), hash: hashOfWords(result) };
    sent = await named(writeContract(client, request));
  }
  const transaction = await waitForTransactionReceipt(client, { hash: sent });
  return { outputs: answer.outputs, receipt: receiptIn(transaction, answer.hash), transaction };
}

function hashOfWords(words: readonly bigint[]): Hex {
  return keccak256(concat(words.map((word) => numberToHex(word, { size: 32, signed: true }))));
}

/** The gateway's receipt of a transaction, which must be of this output. */
function receiptIn(transaction: TransactionReceipt, outputHash: Hex): InferenceReceipt {
  const { transactionHash, status } = transaction;
  if (status !== "success") {
    throw new Error(`transaction ${transactionHash} reverted: nothing was charged but gas`);
  }
  const logs = transaction.logs.filter((log) => isGateway(log.address));
  const [event] = parseEventLogs({ abi: gatewayAbi, eventName: "InferenceReceipt", logs });
  if (event === undefined) throw new Error(`transaction ${transactionHash} has no receipt of the gateway`);
  if (event.args.outputHash !== outputHash) {
    throw new Error(`transaction ${transactionHash} answered something else than its simulation`);
  }
  return event.args;
}

function isGateway(address: Address): boolean {
  return address.toLowerCase() === INFERENCE_GATEWAY.toLowerCase();
}
