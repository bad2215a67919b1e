/** Paid calls of a devnet. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFunctionData, keccak256, parseAbi, zeroAddress, type Hex } from "viem";
import {
  INFERENCE_GATEWAY,
  ModelRevert,
  encode,
  findModel,
  isRevert,
  pay,
  quote,
  type Outputs,
} from "@fixpoint/viem";
import { client, network, wallet } from "./network.js";

const { digits } = network;
const PRICE = BigInt(digits.price);
const payer = wallet.account.address;
const inputs = { image: digits.images[0] ?? [] };

function balance(): Promise<bigint> {
  return client.getBalance({ address: payer });
}

function isRight(outputs: Outputs): void {
  assert.deepEqual(outputs["logits"]?.words, digits.logits[0]?.map(BigInt));
}

test("the price is charged, and the receipt is of this input and output", async () => {
  const model = await findModel(client, "digits");
  assert.deepEqual(await quote(client, model, payer), { price: PRICE, token: undefined });
  for (const raw of [false, true]) {
    const before = await balance();
    const { outputs, receipt, transaction } = await pay(wallet, model, inputs, { raw });
    isRight(outputs);
    const gas = transaction.gasUsed * transaction.effectiveGasPrice;
    assert.equal(before - (await balance()), PRICE + gas);
    assert.equal(receipt.modelId, model.modelId);
    assert.equal(receipt.payer, payer);
    assert.deepEqual([receipt.version, receipt.price, receipt.raw], [1, PRICE, raw]);
    if (!raw) assert.equal(receipt.inputHash, hashOf(encode(model, inputs)));
  }
});

/** Independently of the package: the words behind offset and length of an ABI-encoded array. */
function hashOf(words: readonly bigint[]): Hex {
  const data = encodeFunctionData({ abi: parseAbi(["function f(int256[])"]), args: [words] });
  return keccak256(`0x${data.slice(2 + 8 + 64 + 64)}`);
}

test("what is not spent comes back", async () => {
  const model = await findModel(client, "digits");
  const before = await balance();
  const { transaction } = await pay(wallet, model, inputs, { maxPrice: 3n * PRICE });
  const gas = transaction.gasUsed * transaction.effectiveGasPrice;
  assert.equal(before - (await balance()), PRICE + gas);
});

test("nothing is sent for less than the price, or for an input that fails", async () => {
  const model = await findModel(client, "digits");
  const count = await client.getTransactionCount({ address: payer });
  await assert.rejects(pay(wallet, model, inputs, { maxPrice: PRICE - 1n }), (error: unknown) => {
    assert.ok(isRevert(error, "PriceAboveMax"));
    assert.deepEqual(error.args, { price: PRICE, maxPrice: PRICE - 1n });
    return true;
  });
  await assert.rejects(
    pay(wallet, model, { image: Array<number>(64).fill(1000) }),
    (error: unknown) => isRevert(error, "InputRange") && error.args.index === 0n,
  );
  await assert.rejects(pay(wallet, { ...model, version: 9 }, inputs), (error: unknown) => {
    assert.ok(isRevert(error, "UnknownVersion"));
    assert.equal(error.args.version, 9);
    return true;
  });
  assert.equal(await client.getTransactionCount({ address: payer }), count);
});

test("a balance pays, within its budget", async () => {
  const model = await findModel(client, "digits");
  await assert.rejects(
    pay(wallet, model, inputs, { prepaid: true }),
    (error: unknown) => error instanceof ModelRevert && error.errorName === "OverBudget",
  );
  const abi = parseAbi([
    "function deposit(address account) payable",
    "function setBudget(address caller, uint256 modelId, address token, (uint128 amount, uint128 maxPrice) budget)",
  ]);
  const gateway = { address: INFERENCE_GATEWAY, abi, chain: null } as const;
  const budget = { amount: PRICE, maxPrice: PRICE };
  for (const hash of [
    await wallet.writeContract({ ...gateway, functionName: "deposit", args: [payer], value: PRICE }),
    await wallet.writeContract({
      ...gateway,
      functionName: "setBudget",
      args: [payer, model.modelId, zeroAddress, budget],
    }),
  ]) {
    assert.equal((await client.waitForTransactionReceipt({ hash })).status, "success");
  }
  const before = await balance();
  const { outputs, receipt, transaction } = await pay(wallet, model, inputs, { prepaid: true });
  isRight(outputs);
  assert.equal(receipt.price, PRICE);
  assert.equal(before - (await balance()), transaction.gasUsed * transaction.effectiveGasPrice);
});
