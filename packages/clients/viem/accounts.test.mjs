/** Signatures: messages, typed data, delegations of code (EIP-7702), and raw transactions. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  encodeFunctionData,
  getAddress,
  parseEther,
  parseEventLogs,
  recoverAddress,
  hashMessage,
  toHex,
  verifyTypedData,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { STRANGER, artifact } from "../network.mjs";
import { client, mined, nodeWallet, owner, user, userWallet, wallet } from "./clients.mjs";

const batch = artifact("Batch");
let delegate;

before(async () => {
  delegate = (await mined(wallet.deployContract(batch))).contractAddress;
});

const typed = {
  domain: { name: "Purse", version: "1", chainId: 31337, verifyingContract: STRANGER },
  types: {
    Order: [
      { name: "from", type: "Person" },
      { name: "amounts", type: "uint256[]" },
      { name: "note", type: "string" },
    ],
    Person: [{ name: "wallet", type: "address" }],
  },
  primaryType: "Order",
  message: { from: { wallet: STRANGER }, amounts: [1n, 2n], note: "to sign" },
};

test("the node's signatures are those of the keys", async () => {
  const account = owner.address;
  const message = "signed by the node";
  const signature = await nodeWallet.signMessage({ account, message });
  assert.equal(signature, await owner.signMessage({ message }));
  assert.equal(await recoverAddress({ hash: hashMessage(message), signature }), account);
  const byNode = await nodeWallet.signTypedData({ account, ...typed });
  assert.equal(byNode, await owner.signTypedData(typed));
  assert.ok(await verifyTypedData({ address: account, signature: byNode, ...typed }));
  assert.ok(await client.verifyMessage({ address: account, message, signature }));
});

test("a raw transaction is prepared, signed elsewhere, sent and found", async () => {
  const request = await client.prepareTransactionRequest({ account: user, to: STRANGER, value: 3n });
  const serialized = await user.signTransaction(request);
  const hash = await client.sendRawTransaction({ serializedTransaction: serialized });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.from, user.address.toLowerCase());
  const transaction = await client.getTransaction({ hash });
  assert.equal(transaction.value, 3n);
  assert.equal(await client.request({ method: "eth_getRawTransactionByHash", params: [hash] }), serialized);
});

test("a raw transaction with its receipt in one answer", async () => {
  const request = await client.prepareTransactionRequest({ account: user, to: STRANGER, value: 3n });
  const serializedTransaction = await user.signTransaction(request);
  const receipt = await client.sendRawTransactionSync({ serializedTransaction });
  assert.equal(receipt.status, "success");
  assert.ok(receipt.blockNumber > 0n);
});

test("an account delegates to code and sends two calls as one", async () => {
  const account = privateKeyToAccount(generatePrivateKey());
  await mined(wallet.sendTransaction({ to: account.address, value: parseEther("1") }));
  const authorization = await wallet.signAuthorization({ account, contractAddress: delegate, executor: "self" });
  const calls = [STRANGER, user.address].map((to) => ({ to, value: 1n, data: "0x" }));
  const data = encodeFunctionData({ abi: batch.abi, functionName: "execute", args: [calls] });
  const request = { account, to: account.address, data, authorizationList: [authorization] };
  const gas = await client.estimateGas(request);
  const receipt = await mined(wallet.sendTransaction({ ...request, gas }));
  assert.equal(receipt.type, "eip7702");
  const [executed] = parseEventLogs({ abi: batch.abi, logs: receipt.logs });
  assert.deepEqual(executed.args, { account: account.address, calls: 2n });
  const code = await client.getCode({ address: account.address });
  assert.equal(getAddress(`0x${code.slice(8)}`), getAddress(delegate));
  assert.equal(code.slice(0, 8), "0xef0100");
  assert.equal(getAddress((await client.getDelegation({ address: account.address }))), getAddress(delegate));
  const transaction = await client.getTransaction({ hash: receipt.transactionHash });
  assert.equal(getAddress(transaction.authorizationList[0].address), getAddress(delegate));
});

test("a sponsor sends another account's delegation, and ends it", async () => {
  const account = privateKeyToAccount(generatePrivateKey());
  const delegateTo = async (contractAddress) => {
    const authorization = await userWallet.signAuthorization({ account, contractAddress });
    return mined(userWallet.sendTransaction({ to: account.address, authorizationList: [authorization] }));
  };
  await delegateTo(delegate);
  assert.ok(await client.getCode({ address: account.address }));
  await delegateTo("0x0000000000000000000000000000000000000000");
  assert.equal(await client.getCode({ address: account.address }), undefined);
  assert.equal(await client.getTransactionCount({ address: account.address }), 2);
});

test("what a wallet asks for", async () => {
  assert.equal(await client.request({ method: "net_version" }), "31337");
  assert.equal(await client.request({ method: "eth_syncing" }), false);
  const digest = await client.request({ method: "web3_sha3", params: [toHex("abc")] });
  assert.equal(digest, "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  await assert.rejects(client.request({ method: "wallet_addEthereumChain", params: [] }), { code: -32601 });
});
