/** Deploying, reading and writing, and the ways in which calls fail. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  InsufficientFundsError,
  NonceTooLowError,
  decodeErrorResult,
  encodeFunctionData,
  getAddress,
  getContract,
  getContractAddress,
  keccak256,
  numberToHex,
  pad,
  parseEther,
  parseGwei,
  toHex,
} from "viem";
import { STRANGER } from "../network.mjs";
import { client, deployPurse, mined, nodeWallet, owner, purse, user, userWallet, wallet } from "./clients.mjs";

let address;
let contract;

before(async () => {
  address = await deployPurse();
  contract = getContract({ address, abi: purse.abi, client: { public: client, wallet } });
});

/** The decoded error of a contract call that must fail. */
async function revertOf(call) {
  const error = await call.then(
    () => assert.fail("the call succeeded"),
    (error) => error,
  );
  assert.ok(error instanceof BaseError, String(error));
  const found = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  assert.ok(found, error.message);
  return found;
}

test("a deployed contract is where its receipt says", async () => {
  const nonce = await client.getTransactionCount({ address: owner.address });
  const hash = await wallet.deployContract({ ...purse, args: ["again"] });
  const receipt = await client.waitForTransactionReceipt({ hash });
  const want = getContractAddress({ from: owner.address, nonce: BigInt(nonce) });
  assert.equal(getAddress(receipt.contractAddress), want);
  assert.equal(receipt.to, null);
  const code = await client.getCode({ address: want });
  const { codeHash } = await client.getProof({ address: want, storageKeys: [] });
  assert.equal(keccak256(code), codeHash);
  const transaction = await client.getTransaction({ hash });
  assert.equal(transaction.type, "eip1559");
  assert.equal(transaction.typeHex, "0x2");
  assert.equal(transaction.blockHash, receipt.blockHash);
  assert.equal(transaction.chainId, 31337);
});

test("reads return Solidity's values: numbers, strings, structs", async () => {
  assert.equal(await contract.read.name(), "viem");
  assert.ok((await contract.read.balanceOf([owner.address])) >= parseEther("1"));
  assert.deepEqual(await contract.read.accountOf([STRANGER]), { balance: 0n, lockedUntil: 0n, seen: false });
  const slot = await client.getStorageAt({ address, slot: numberToHex(0) });
  assert.equal(BigInt(slot), await contract.read.total());
});

test("writes with every type of transaction", async () => {
  for (const type of ["legacy", "eip2930", "eip1559"]) {
    const before = await contract.read.total();
    const receipt = await mined(contract.write.deposit([type], { value: 5n, type, accessList: undefined }));
    assert.equal(receipt.type, type);
    assert.equal(await contract.read.total(), before + 5n);
    assert.ok(receipt.effectiveGasPrice > 0n && receipt.gasUsed > 21_000n);
  }
});

test("the node signs for its own accounts", async () => {
  const accounts = await nodeWallet.getAddresses();
  assert.equal(accounts.length, 10);
  assert.equal(accounts[0], owner.address);
  const before = await client.getBalance({ address: STRANGER });
  await mined(nodeWallet.sendTransaction({ account: accounts[2], to: STRANGER, value: 7n }));
  assert.equal(await client.getBalance({ address: STRANGER }), before + 7n);
});

test("multicall without a deployed Multicall3", async () => {
  const calls = ["name", "total"].map((functionName) => ({ address, abi: purse.abi, functionName }));
  const failing = { address, abi: purse.abi, functionName: "fail", args: [0] };
  const [name, total, failed] = await client.multicall({ contracts: [...calls, failing], deployless: true });
  assert.equal(name.result, "viem");
  assert.equal(total.result, await contract.read.total());
  assert.equal(failed.status, "failure");
  assert.match(failed.error.message, /as asked/);
});

test("a batch of requests is answered in one", async () => {
  const answers = await Promise.all([client.getBlockNumber(), client.getChainId(), client.getGasPrice()]);
  assert.equal(answers[1], 31337);
});

test("custom errors are decoded, in calls, estimates and simulations", async () => {
  const args = [owner.address, parseEther("1000")];
  for (const attempt of [
    () => client.simulateContract({ address, abi: purse.abi, functionName: "withdraw", args, account: user }),
    () => client.estimateContractGas({ address, abi: purse.abi, functionName: "withdraw", args, account: user }),
    () => userWallet.writeContract({ address, abi: purse.abi, functionName: "withdraw", args }),
  ]) {
    const { data } = await revertOf(attempt());
    assert.equal(data.errorName, "InsufficientBalance");
    assert.deepEqual(data.args, [user.address, 0n, parseEther("1000")]);
  }
});

test("reasons, panics, empty reverts and burnt gas are told apart", async () => {
  assert.equal((await revertOf(contract.read.fail([0]))).reason, "as asked");
  const panic = await revertOf(contract.read.fail([1]));
  assert.equal(panic.data.errorName, "Panic");
  assert.deepEqual(panic.data.args, [1n]);
  assert.equal((await revertOf(contract.read.fail([2]))).raw, "0x");
  await assert.rejects(contract.read.fail([3]), /InvalidFEOpcode|invalid opcode|InvalidOpcode/i);
  // An enum's value that does not exist: Solidity's own check.
  await assert.rejects(contract.read.fail([4]), BaseError);
});

test("a transaction that fails on chain has a receipt that says so", async () => {
  const hash = await contract.write.fail([0], { gas: 100_000n });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "reverted");
  assert.deepEqual(receipt.logs, []);
  // Played again at its block, it says why.
  const { to, input, blockNumber } = await client.getTransaction({ hash });
  const error = await client.call({ to, data: input, blockNumber }).catch((error) => error);
  const raw = error.walk((cause) => cause.data !== undefined).data;
  assert.equal(decodeErrorResult({ abi: purse.abi, data: raw.data ?? raw }).args[0], "as asked");
});

test("errors of the pool have their names", async () => {
  const nonce = (await client.getTransactionCount({ address: owner.address })) - 1;
  const stale = wallet.sendTransaction({ to: STRANGER, value: 1n, nonce, gas: 21_000n });
  await assert.rejects(stale, (error) => Boolean(error.walk((cause) => cause instanceof NonceTooLowError)));
  const rich = wallet.sendTransaction({ to: STRANGER, value: parseEther("1000000") });
  await assert.rejects(rich, (error) => Boolean(error.walk((cause) => cause instanceof InsufficientFundsError)));
});

test("nothing lives at an empty address", async () => {
  const reading = client.readContract({ address: STRANGER, abi: purse.abi, functionName: "total" });
  await assert.rejects(reading, (error) =>
    Boolean(error.walk((cause) => cause instanceof ContractFunctionZeroDataError)),
  );
});

test("a simulation sees balances, code and storage that are not there", async () => {
  const total = pad(toHex(42n));
  const stateOverride = [{ address, stateDiff: [{ slot: pad("0x0"), value: total }] }];
  assert.equal(await client.readContract({ address, abi: purse.abi, functionName: "total", stateOverride }), 42n);
  const poor = "0x000000000000000000000000000000000000c0de";
  const request = { address, abi: purse.abi, functionName: "deposit", args: ["rich"], account: poor, value: 3n };
  await assert.rejects(client.simulateContract(request), /insufficient|funds|balance/i);
  const rich = [{ address: poor, balance: parseEther("1") }];
  const { result } = await client.simulateContract({ ...request, stateOverride: rich });
  assert.equal(result, undefined);
  const code = await client.getCode({ address });
  const moved = { address: STRANGER, abi: purse.abi, functionName: "total" };
  assert.equal(await client.readContract({ ...moved, stateOverride: [{ address: STRANGER, code }] }), 0n);
});

test("calls of a block that was", async () => {
  const { blockNumber } = await mined(contract.write.deposit(["later"], { value: 9n }));
  const at = (block) => contract.read.total({ blockNumber: block });
  assert.equal((await at(blockNumber)) - (await at(blockNumber - 1n)), 9n);
});

test("estimates are enough, and not much more", async () => {
  const data = encodeFunctionData({ abi: purse.abi, functionName: "deposit", args: ["estimated"] });
  const gas = await client.estimateGas({ account: user, to: address, data, value: 1n });
  const receipt = await mined(userWallet.sendTransaction({ to: address, data, value: 1n, gas }));
  assert.ok(gas >= receipt.gasUsed && gas < (receipt.gasUsed * 5n) / 4n, `${gas} for ${receipt.gasUsed}`);
});

test("fees: history, tip and base fee", async () => {
  const history = await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [10, 90] });
  assert.equal(history.baseFeePerGas.length, 4);
  assert.equal(history.gasUsedRatio.length, 3);
  assert.ok(history.reward.every((rewards) => rewards.length === 2));
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
  const { baseFeePerGas } = await client.getBlock();
  assert.ok(maxFeePerGas > baseFeePerGas && maxPriorityFeePerGas <= maxFeePerGas);
  assert.ok((await client.getGasPrice()) < parseGwei("1000"));
  assert.equal(typeof (await client.getBlobBaseFee()), "bigint");
});

test("an access list names what a call touches, and makes it warm", async () => {
  const data = encodeFunctionData({ abi: purse.abi, functionName: "deposit", args: [""] });
  const request = { account: user, to: address, data, value: 1n };
  const { accessList, gasUsed } = await client.createAccessList(request);
  assert.equal(accessList.length, 1);
  assert.equal(getAddress(accessList[0].address), getAddress(address));
  assert.ok(accessList[0].storageKeys.includes(pad("0x0")));
  const receipt = await mined(userWallet.sendTransaction({ ...request, account: user, accessList }));
  assert.equal(receipt.gasUsed, gasUsed);
});
