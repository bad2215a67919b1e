/** Logs that are asked for, filters that are polled, subscriptions. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { getAbiItem, parseEther } from "viem";
import { STRANGER, eventually, settled } from "../network.mjs";
import { client, deployPurse, mined, owner, purse, socketClient, testClient, user, userWallet, wallet } from "./clients.mjs";

let address;
const { abi } = purse;
const Deposited = getAbiItem({ abi, name: "Deposited" });
const Withdrawn = getAbiItem({ abi, name: "Withdrawn" });

before(async () => {
  address = await deployPurse();
});

const deposit = (note, from = wallet) =>
  mined(from.writeContract({ address, abi, functionName: "deposit", args: [note], value: 1n }));

test("logs by event, by indexed argument, by block and by range", async () => {
  const first = await deposit("first");
  const second = await deposit("second", userWallet);
  const range = { address, fromBlock: first.blockNumber, toBlock: second.blockNumber };
  const logs = await client.getLogs({ ...range, event: Deposited });
  assert.deepEqual(logs.map(({ args }) => args.note), ["first", "second"]);
  assert.deepEqual(logs[0].args, { owner: owner.address, amount: 1n, note: "first" });
  assert.equal(logs[0].transactionHash, first.transactionHash);
  assert.equal(logs[0].removed, false);
  const ofUser = await client.getLogs({ ...range, event: Deposited, args: { owner: user.address } });
  assert.deepEqual(ofUser.map(({ args }) => args.note), ["second"]);
  const ofBlock = await client.getLogs({ address, blockHash: second.blockHash });
  assert.equal(ofBlock.length, 1);
  assert.ok(BigInt(ofBlock[0].blockTimestamp) > 0n);
  const either = await client.getLogs({ ...range, events: [Deposited, Withdrawn] });
  assert.equal(either.length, 2);
  assert.deepEqual(await client.getContractEvents({ ...range, abi, eventName: "Withdrawn" }), []);
});

test("a filter gives each log once, and all of them on request", async () => {
  const filter = await client.createContractEventFilter({ abi, address, eventName: "Deposited" });
  await deposit("filtered");
  const changes = await client.getFilterChanges({ filter });
  assert.deepEqual(changes.map(({ args }) => args.note), ["filtered"]);
  assert.deepEqual(await client.getFilterChanges({ filter }), []);
  assert.ok((await client.getFilterLogs({ filter })).length >= 1);
  assert.equal(await client.uninstallFilter({ filter }), true);
  const blocks = await client.createBlockFilter();
  const { blockHash } = await deposit("in a block");
  assert.deepEqual(await client.getFilterChanges({ filter: blocks }), [blockHash]);
});

test("a contract's events over polled filters", async () => {
  const seen = [];
  const unwatch = client.watchContractEvent({
    address, abi, eventName: "Deposited", onLogs: (logs) => seen.push(...logs),
  });
  // The first poll installs the filter.
  await settled();
  await deposit("polled");
  await eventually("the polled event", () => seen.length > 0);
  unwatch();
  assert.deepEqual(seen.map(({ args }) => args.note), ["polled"]);
});

test("events, blocks and pending transactions over WebSocket", async () => {
  const { socket, close } = await socketClient();
  const [logs, blocks, pending, errors] = [[], [], [], []];
  const onError = (error) => errors.push(error);
  const unwatch = [
    socket.watchContractEvent({ address, abi, eventName: "Deposited", onLogs: (some) => logs.push(...some), onError }),
    socket.watchBlocks({ onBlock: (block) => blocks.push(block), onError }),
    socket.watchPendingTransactions({ onTransactions: (some) => pending.push(...some), onError }),
  ];
  // The node answers in order, so that an answer means that it has seen the subscriptions.
  await settled();
  await socket.getBlockNumber();
  const receipt = await deposit("pushed");
  await eventually("the event", () => logs.length > 0);
  await eventually("the block", () => blocks.length > 0);
  await eventually("the transaction", () => pending.length > 0);
  assert.deepEqual(logs.map(({ args }) => args.note), ["pushed"]);
  assert.equal(blocks[0].hash, receipt.blockHash);
  assert.equal(blocks[0].number, receipt.blockNumber);
  assert.deepEqual(pending, [receipt.transactionHash]);
  for (const stop of unwatch) stop();
  await deposit("unheard");
  await socket.getBlockNumber();
  assert.equal(logs.length, 1);
  assert.deepEqual(errors, []);
  await close();
});

test("calls and errors over WebSocket", async () => {
  const { socket, close } = await socketClient();
  assert.equal(await socket.readContract({ address, abi, functionName: "name" }), "viem");
  await assert.rejects(socket.readContract({ address, abi, functionName: "fail", args: [0] }), /as asked/);
  await close();
});

test("blocks are seen as they come, over HTTP", async () => {
  const numbers = [];
  const unwatch = client.watchBlockNumber({ onBlockNumber: (number) => numbers.push(number), emitMissed: true });
  await eventually("the first number", () => numbers.length > 0);
  await testClient.mine({ blocks: 3 });
  await eventually("all blocks", () => numbers.length >= 4);
  unwatch();
  assert.deepEqual(numbers.slice(1).map((number, at) => number - numbers[at]), Array(numbers.length - 1).fill(1n));
});

test("a pending transaction is seen, replaced and mined", async () => {
  await testClient.setAutomine(false);
  try {
    const nonce = await client.getTransactionCount({ address: owner.address, blockTag: "pending" });
    const fees = (await client.estimateFeesPerGas()).maxFeePerGas;
    const send = (times, value) =>
      wallet.sendTransaction({
        to: STRANGER, value, nonce, gas: 21_000n, maxFeePerGas: fees * times, maxPriorityFeePerGas: fees * times,
      });
    const hash = await send(1n, 1n);
    const waiting = await client.getTransaction({ hash });
    assert.equal(waiting.blockNumber, null);
    const replaced = [];
    const wait = client.waitForTransactionReceipt({ hash, onReplaced: (replacement) => replaced.push(replacement) });
    // The wait has to see the first one in the pool.
    await settled();
    const better = await send(2n, parseEther("0.1"));
    assert.equal(await client.getTransactionCount({ address: owner.address, blockTag: "pending" }), nonce + 1);
    const content = await testClient.getTxpoolContent();
    const [ofOwner] = Object.values(content.pending);
    assert.equal(ofOwner[nonce].hash, better);
    await testClient.mine({ blocks: 1 });
    const receipt = await wait;
    assert.equal(receipt.transactionHash, better);
    assert.deepEqual(replaced.map(({ reason }) => reason), ["replaced"]);
  } finally {
    await testClient.setAutomine(true);
  }
});
