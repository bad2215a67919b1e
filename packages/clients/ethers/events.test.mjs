/** Events that are asked for, polled and pushed. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { STRANGER, eventually, settled } from "../network.mjs";
import { deployPurse, owner, provider, socketProvider, user } from "./clients.mjs";

let contract;

before(async () => {
  contract = await deployPurse();
});
after(() => provider.destroy());

const deposit = async (note, from = owner) =>
  (await contract.connect(from).deposit(note, { value: 1n })).wait();

test("events by name, by indexed argument and by range", async () => {
  const first = await deposit("first");
  const second = await deposit("second", user);
  const between = [first.blockNumber, second.blockNumber];
  const events = await contract.queryFilter("Deposited", ...between);
  assert.deepEqual(events.map(({ args }) => args.note), ["first", "second"]);
  const ofUser = await contract.queryFilter(contract.filters.Deposited(user.address), ...between);
  assert.deepEqual(ofUser.map(({ args }) => args.note), ["second"]);
  assert.deepEqual(await contract.queryFilter("Withdrawn", ...between), []);
  const logs = await provider.getLogs({ address: await contract.getAddress(), blockHash: second.blockHash });
  assert.equal(contract.interface.parseLog(logs[0]).args.amount, 1n);
  assert.equal((await events[0].getTransactionReceipt()).hash, first.hash);
});

test("a contract's events over HTTP, once and always", async () => {
  const [always, once] = [[], []];
  await contract.on("Deposited", (from, amount, note, event) => always.push([from, amount, note, event.log]));
  await contract.once("Deposited", (from, amount, note) => once.push(note));
  // The first poll says from where on.
  await settled();
  const { hash } = await deposit("one");
  await deposit("two");
  await eventually("both events", () => always.length === 2);
  await contract.off("Deposited");
  assert.deepEqual(always.map(([, , note]) => note), ["one", "two"]);
  assert.equal(always[0][3].transactionHash, hash);
  assert.deepEqual(once, ["one"]);
});

test("events, blocks and pending transactions over WebSocket", async () => {
  const socket = socketProvider();
  const pushed = contract.connect(socket);
  const [events, blocks, pending] = [[], [], []];
  await pushed.on("Deposited", (from, amount, note) => events.push(note));
  await socket.on("block", (number) => blocks.push(number));
  await socket.on("pending", (hash) => pending.push(hash));
  await settled();
  await socket.getBlockNumber();
  const receipt = await deposit("pushed");
  await eventually("the event", () => events.length > 0);
  await eventually("the block", () => blocks.includes(receipt.blockNumber));
  await eventually("the transaction", () => pending.includes(receipt.hash));
  assert.deepEqual(events, ["pushed"]);
  await pushed.off("Deposited");
  await socket.off("block");
  await socket.off("pending");
  assert.equal(await pushed.name(), "ethers");
  await socket.destroy();
});

test("sending over WebSocket", async () => {
  const socket = socketProvider();
  const signer = user.connect(socket);
  const receipt = await (await signer.sendTransaction({ to: STRANGER, value: 1n })).wait();
  assert.equal(receipt.status, 1);
  await socket.destroy();
});

test("what a developer sets, over send()", async () => {
  const before = await provider.getBlock("latest");
  const snapshot = await provider.send("evm_snapshot", []);
  await provider.send("evm_increaseTime", [3_600]);
  await provider.send("evm_mine", []);
  assert.ok((await provider.getBlock("latest")).timestamp >= before.timestamp + 3_600);
  await provider.send("hardhat_setBalance", [STRANGER, "0x7b"]);
  assert.equal(await provider.getBalance(STRANGER), 123n);
  assert.equal(await provider.send("evm_revert", [snapshot]), true);
  assert.equal((await provider.getBlock("latest")).hash, before.hash);
  const proof = await provider.send("eth_getProof", [await contract.getAddress(), [`0x${"00".repeat(32)}`], "latest"]);
  assert.equal(BigInt(proof.storageProof[0].value), await contract.total());
});
