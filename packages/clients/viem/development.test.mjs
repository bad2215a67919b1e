/** viem's test client: time, state and senders as a developer wants them. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { getContract, pad, parseEther, parseGwei, toHex } from "viem";
import { STRANGER, onAnvil } from "../network.mjs";
import { client, deployPurse, mined, nodeWallet, owner, purse, testClient, userWallet, user, wallet } from "./clients.mjs";

let address;
let contract;

before(async () => {
  address = await deployPurse();
  contract = getContract({ address, abi: purse.abi, client: { public: client, wallet } });
});

test("blocks on request, one or many, with time between them", async () => {
  const start = await client.getBlock();
  await testClient.mine({ blocks: 1 });
  await testClient.mine({ blocks: 5, interval: 60 });
  const end = await client.getBlock();
  assert.equal(end.number, start.number + 6n);
  const before = await client.getBlock({ blockNumber: end.number - 1n });
  assert.equal(end.timestamp - before.timestamp, 60n);
});

test("time goes where it is told", async () => {
  const { timestamp } = await client.getBlock();
  await testClient.increaseTime({ seconds: 3_600 });
  await testClient.mine({ blocks: 1 });
  const later = (await client.getBlock()).timestamp;
  assert.ok(later >= timestamp + 3_600n && later < timestamp + 3_700n, `${timestamp} to ${later}`);
  await testClient.setNextBlockTimestamp({ timestamp: later + 1_000n });
  const { blockNumber } = await mined(contract.write.lock([50n]));
  assert.equal((await client.getBlock({ blockNumber })).timestamp, later + 1_000n);
  assert.equal(await contract.read.lockedUntil([owner.address]), later + 1_050n);
  await assert.rejects(contract.simulate.withdraw([owner.address, 1n], { account: owner }), /Locked/);
  await testClient.increaseTime({ seconds: 51 });
  await mined(contract.write.withdraw([owner.address, 1n]));
  await testClient.setBlockTimestampInterval({ interval: 12 });
  await testClient.mine({ blocks: 2 });
  const head = await client.getBlock();
  const parent = await client.getBlock({ blockNumber: head.number - 1n });
  assert.equal(head.timestamp - parent.timestamp, 12n);
  await testClient.removeBlockTimestampInterval();
});

test("a snapshot brings back state, blocks and time", async () => {
  const before = await client.getBlock();
  const total = await contract.read.total();
  const id = await testClient.snapshot();
  await mined(contract.write.deposit(["undone"], { value: 5n }));
  await testClient.increaseTime({ seconds: 1_000_000 });
  await testClient.mine({ blocks: 3 });
  await testClient.revert({ id });
  assert.equal((await client.getBlock()).hash, before.hash);
  assert.equal(await contract.read.total(), total);
  await testClient.mine({ blocks: 1 });
  assert.ok((await client.getBlock()).timestamp < before.timestamp + 1_000n);
});

test("accounts have what they are given", async () => {
  await testClient.setBalance({ address: STRANGER, value: parseEther("3") });
  assert.equal(await client.getBalance({ address: STRANGER }), parseEther("3"));
  await testClient.setNonce({ address: STRANGER, nonce: 8 });
  assert.equal(await client.getTransactionCount({ address: STRANGER }), 8);
  await testClient.setStorageAt({ address, index: 0, value: pad(toHex(77n)) });
  assert.equal(await contract.read.total(), 77n);
  const bytecode = await client.getCode({ address });
  const copy = "0x00000000000000000000000000000000000c0917";
  await testClient.setCode({ address: copy, bytecode });
  assert.equal(await client.readContract({ address: copy, abi: purse.abi, functionName: "total" }), 0n);
  await testClient.setCoinbase({ address: STRANGER });
  await testClient.mine({ blocks: 1 });
  assert.equal((await client.getBlock()).miner.toLowerCase(), STRANGER.toLowerCase());
});

test("a stranger sends while impersonated, and not afterwards", async () => {
  const stranger = "0x00000000000000000000000000000000000a11ce";
  await testClient.setBalance({ address: stranger, value: parseEther("3") });
  await testClient.impersonateAccount({ address: stranger });
  const request = { account: stranger, address, abi: purse.abi, functionName: "deposit", args: ["me"], value: 2n };
  const receipt = await mined(nodeWallet.writeContract(request));
  assert.equal(receipt.from, stranger);
  assert.equal(await contract.read.balanceOf([stranger]), 2n);
  // A contract, too.
  await testClient.impersonateAccount({ address });
  await testClient.setBalance({ address, value: parseEther("3") });
  await mined(nodeWallet.sendTransaction({ account: address, to: STRANGER, value: 1n }));
  await testClient.stopImpersonatingAccount({ address: stranger });
  await assert.rejects(nodeWallet.writeContract(request));
});

test("mining by hand, and what waits meanwhile", async () => {
  assert.equal(await testClient.getAutomine(), true);
  await testClient.setAutomine(false);
  const hash = await userWallet.sendTransaction({ to: STRANGER, value: 1n });
  const dropped = await wallet.sendTransaction({ to: STRANGER, value: 1n });
  const status = await testClient.getTxpoolStatus();
  const inspected = await testClient.inspectTxpool();
  await testClient.dropTransaction({ hash: dropped });
  await testClient.mine({ blocks: 1 });
  await testClient.setAutomine(true);
  assert.deepEqual(status, { pending: 2, queued: 0 });
  assert.match(JSON.stringify(inspected.pending), new RegExp(`"${user.address}":.*1 wei`, "i"));
  const block = await client.getBlock({ includeTransactions: true });
  assert.deepEqual(block.transactions.map((transaction) => transaction.hash), [hash]);
  await assert.rejects(client.getTransaction({ hash: dropped }), /could not be found/);
});

test("an unsigned transaction of an account without a key", async () => {
  const sender = "0x0000000000000000000000000000000000000b0b";
  await testClient.setBalance({ address: sender, value: parseEther("1") });
  const hash = await testClient.sendUnsignedTransaction({ from: sender, to: STRANGER, value: 1n });
  assert.equal((await client.waitForTransactionReceipt({ hash })).from, sender);
});

test("base fee and gas limit of the next block", async () => {
  await testClient.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei("5") });
  await testClient.mine({ blocks: 1 });
  assert.equal((await client.getBlock()).baseFeePerGas, parseGwei("5"));
  await testClient.setBlockGasLimit({ gasLimit: 40_000_000n });
  await testClient.mine({ blocks: 1 });
  assert.equal((await client.getBlock()).gasLimit, 40_000_000n);
});

test("a state is dumped and loaded", async () => {
  await testClient.setBalance({ address: STRANGER, value: 123n });
  const state = await testClient.dumpState();
  await testClient.setBalance({ address: STRANGER, value: 456n });
  await testClient.loadState({ state });
  assert.equal(await client.getBalance({ address: STRANGER }), 123n);
});

test("blocks by the clock", async () => {
  const start = await client.getBlockNumber();
  await testClient.setIntervalMining({ interval: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await testClient.setIntervalMining({ interval: 0 });
  assert.ok((await client.getBlockNumber()) > start);
  await testClient.setAutomine(true);
});

test("back to the first block", { skip: onAnvil && "anvil wants no options here" }, async () => {
  await testClient.reset();
  assert.equal(await client.getBlockNumber(), 0n);
  assert.equal(await client.getCode({ address }), undefined);
  assert.equal(await client.getBalance({ address: owner.address }), parseEther("10000"));
});
