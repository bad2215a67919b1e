/** Blocks that would be, proofs of state, traces, and a model's inference. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  concat,
  decodeFunctionData,
  decodeFunctionResult,
  encodeFunctionData,
  fromRlp,
  getAddress,
  keccak256,
  numberToHex,
  pad,
  parseEther,
  toRlp,
  trim,
} from "viem";
import { STRANGER, model, onAnvil } from "../network.mjs";
import { client, deployPurse, mined, owner, purse, testClient, user, userWallet } from "./clients.mjs";

const { abi } = purse;
let address;

before(async () => {
  address = await deployPurse();
});

test("calls in blocks that nobody makes", { skip: onAnvil && "anvil numbers such blocks from 1" }, async () => {
  const poor = "0x000000000000000000000000000000000000c0de";
  const deposit = { to: address, abi, functionName: "deposit", args: ["simulated"], account: poor, value: 5n };
  const read = { to: address, abi, functionName: "balanceOf", args: [poor] };
  const fail = { to: address, abi, functionName: "fail", args: [0] };
  const head = await client.getBlock();
  const [first, second] = await client.simulateBlocks({
    blocks: [
      { stateOverrides: [{ address: poor, balance: parseEther("1") }], calls: [deposit, read] },
      { blockOverrides: { time: head.timestamp + 1_000n }, calls: [read, fail] },
    ],
  });
  assert.equal(first.number, head.number + 1n);
  assert.equal(first.calls[0].status, "success");
  assert.equal(first.calls[0].logs.length, 1);
  assert.equal(first.calls[1].result, 5n);
  assert.equal(second.timestamp, head.timestamp + 1_000n);
  assert.equal(second.calls[0].result, 5n);
  assert.equal(second.calls[1].status, "failure");
  assert.match(second.calls[1].error.message, /as asked/);
  assert.equal((await client.getBlock()).hash, head.hash);
});

test("simulated calls tell what assets move", { skip: onAnvil && "anvil takes no creation here" }, async () => {
  const { results, assetChanges } = await client.simulateCalls({
    account: owner.address,
    calls: [{ to: STRANGER, value: parseEther("1.5") }],
    traceAssetChanges: true,
  });
  assert.equal(results[0].status, "success");
  assert.equal(assetChanges[0].value.diff, -parseEther("1.5"));
});

/** Nibbles of the bytes. */
const nibbles = (bytes) => [...bytes.slice(2)].map((digit) => parseInt(digit, 16));

/** The value at `key` in the trie of `root`, by the nodes of a proof; undefined if it proves that there is none. */
function proven(root, key, proof) {
  let path = nibbles(keccak256(key));
  let want = root;
  for (const encoded of proof) {
    assert.equal(want.length === 66 ? keccak256(encoded) : encoded, want);
    const node = fromRlp(encoded);
    if (node.length === 17) {
      if (path.length === 0) return node[16];
      const child = node[path[0]];
      if (child === "0x") return undefined;
      path = path.slice(1);
      want = Array.isArray(child) ? toRlp(child) : child;
      continue;
    }
    const [flag, ...rest] = nibbles(node[0]);
    const compact = flag % 2 === 1 ? rest : rest.slice(1);
    if (compact.some((nibble, at) => path[at] !== nibble)) return undefined;
    path = path.slice(compact.length);
    if (flag >= 2) return path.length === 0 ? node[1] : undefined;
    want = Array.isArray(node[1]) ? toRlp(node[1]) : node[1];
  }
  return assert.fail("the proof ends before the key does");
}

test("a proof of an account and its storage holds against the block's state root", async () => {
  await mined(userWallet.writeContract({ address, abi, functionName: "deposit", args: [""], value: 9n }));
  const { stateRoot, number: blockNumber } = await client.getBlock();
  const ofUser = keccak256(concat([pad(user.address), pad(numberToHex(1))]));
  const nothing = pad("0x99");
  const proof = await client.getProof({ address, storageKeys: [ofUser, nothing], blockNumber });
  const quantity = (value) => (value === 0n || value === 0 ? "0x" : trim(numberToHex(value)));
  const account = toRlp([quantity(proof.nonce), quantity(proof.balance), proof.storageHash, proof.codeHash]);
  assert.equal(proven(stateRoot, address, proof.accountProof), account);
  const [slot, empty] = proof.storageProof;
  assert.equal(slot.value, 9n);
  assert.equal(proven(proof.storageHash, ofUser, slot.proof), toRlp("0x09"));
  assert.equal(empty.value, 0n);
  assert.equal(proven(proof.storageHash, nothing, empty.proof), undefined);
});

test("traces of a transaction", async () => {
  const { transactionHash } = await mined(
    userWallet.writeContract({ address, abi, functionName: "withdraw", args: [STRANGER, 1n] }),
  );
  const trace = await client.request({
    method: "debug_traceTransaction",
    params: [transactionHash, { tracer: "callTracer" }],
  });
  assert.equal(getAddress(trace.to), getAddress(address));
  assert.equal(getAddress(trace.calls[0].to), STRANGER);
  assert.equal(trace.calls[0].value, "0x1");
  if (onAnvil) return; // It has struct logs with --steps-tracing only.
  const structured = await client.request({ method: "debug_traceTransaction", params: [transactionHash, {}] });
  assert.ok(structured.structLogs.length > 50);
});

test("a model answers through the precompile", { skip: model === undefined && "no precompile here" }, async () => {
  const inferenceAbi = [
    {
      type: "function",
      name: "inference",
      stateMutability: "view",
      inputs: [{ name: "model", type: "address" }, { name: "input", type: "int256[]" }],
      outputs: [{ name: "output", type: "int256[]" }],
    },
    {
      type: "error",
      name: "InputLength",
      inputs: [{ name: "got", type: "uint256" }, { name: "want", type: "uint256" }],
    },
  ];
  const call = { address: model.precompile, abi: inferenceAbi, functionName: "inference" };
  const [, input] = decodeFunctionData({ ...call, data: model.input }).args;
  const want = decodeFunctionResult({ ...call, data: model.output });
  const output = await client.readContract({ ...call, args: [model.address, input] });
  assert.deepEqual(output, want);
  const data = encodeFunctionData({ ...call, args: [model.address, input] });
  await mined(userWallet.sendTransaction({ to: model.precompile, data }));
  await assert.rejects(client.readContract({ ...call, args: [model.address, []] }), (error) => {
    assert.match(error.message, new RegExp(`InputLength.*0, ${input.length}`, "s"));
    return true;
  });
  // A fork of the clock, a snapshot or a reset leave no trace in it.
  const id = await testClient.snapshot();
  await testClient.mine({ blocks: 1 });
  await testClient.revert({ id });
  assert.deepEqual(await client.readContract({ ...call, args: [model.address, input] }), output);
});
