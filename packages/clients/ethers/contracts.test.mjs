/** Deploying, reading and writing, waiting, and the ways in which calls fail. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Contract, ContractFactory, Wallet, getCreateAddress, isError, parseEther } from "ethers";
import { STRANGER, artifact, model, settled } from "../network.mjs";
import { deployPurse, errorOf, owner, provider, purse, user } from "./clients.mjs";

let contract;

before(async () => {
  contract = await deployPurse();
});
after(() => provider.destroy());

test("a factory deploys where ethers computes", async () => {
  const factory = new ContractFactory(purse.abi, purse.bytecode, owner);
  const nonce = await owner.getNonce();
  const deployed = await factory.deploy("again");
  const receipt = await deployed.deploymentTransaction().wait();
  const from = await owner.getAddress();
  assert.equal(await deployed.getAddress(), getCreateAddress({ from, nonce }));
  assert.equal(receipt.contractAddress, await deployed.getAddress());
  assert.equal(await deployed.name(), "again");
  assert.notEqual(await provider.getCode(deployed), "0x");
});

test("reads return Solidity's values: numbers, strings, structs", async () => {
  const account = await contract.accountOf(await owner.getAddress());
  assert.deepEqual([...account], [parseEther("1"), 0n, true]);
  assert.equal(account.seen, true);
  assert.equal(BigInt(await provider.getStorage(contract, 0)), await contract.total());
  assert.equal((await provider.getNetwork()).chainId, 31337n);
});

test("writes with every type of transaction, and a wait for confirmations", async () => {
  const before = await contract.total();
  for (const type of [0, 1, 2]) {
    const response = await contract.deposit(`type ${type}`, { value: 5n, type });
    const receipt = await response.wait();
    assert.equal(receipt.type, type);
    assert.equal(receipt.status, 1);
    assert.ok(receipt.fee > 0n);
  }
  assert.equal(await contract.total(), before + 15n);
  const response = await contract.deposit("confirmed", { value: 1n });
  await provider.send("evm_mine", []);
  await provider.send("evm_mine", []);
  const receipt = await response.wait(3, 5_000);
  assert.ok((await receipt.confirmations()) >= 3);
});

test("a nonce manager sends many at once", async () => {
  const sent = await Promise.all([1, 2, 3, 4].map((value) => owner.sendTransaction({ to: STRANGER, value })));
  const receipts = await Promise.all(sent.map((response) => response.wait()));
  assert.deepEqual(sent.map(({ nonce }) => nonce - sent[0].nonce), [0, 1, 2, 3]);
  assert.ok(receipts.every(({ status }) => status === 1));
});

test("the node's accounts are signers", async () => {
  const accounts = await provider.listAccounts();
  assert.equal(accounts.length, 10);
  const signer = await provider.getSigner(2);
  const before = await provider.getBalance(STRANGER);
  await (await signer.sendTransaction({ to: STRANGER, value: 3n })).wait();
  assert.equal(await provider.getBalance(STRANGER), before + 3n);
  await (await contract.connect(signer).deposit("by the node", { value: 4n })).wait();
  assert.equal(await contract.balanceOf(signer.address), 4n);
});

test("an impersonated account is a signer", async () => {
  const address = "0x00000000000000000000000000000000000A11cE";
  await provider.send("anvil_setBalance", [address, "0xde0b6b3a7640000"]);
  await provider.send("anvil_impersonateAccount", [address]);
  const signer = await provider.getSigner(address);
  const receipt = await (await contract.connect(signer).deposit("impersonated", { value: 2n })).wait();
  assert.equal(receipt.from.toLowerCase(), address.toLowerCase());
  await provider.send("anvil_stopImpersonatingAccount", [address]);
});

test("custom errors are decoded, in calls, estimates and static calls", async () => {
  const attempt = [STRANGER, parseEther("1000")];
  for (const error of [
    await errorOf(contract.connect(user).withdraw.staticCall(...attempt)),
    await errorOf(contract.connect(user).withdraw.estimateGas(...attempt)),
    await errorOf(contract.connect(user).withdraw(...attempt)),
  ]) {
    assert.ok(isError(error, "CALL_EXCEPTION"), String(error));
    assert.equal(error.revert?.name ?? contract.interface.parseError(error.data).name, "InsufficientBalance");
    const { args } = error.revert ?? contract.interface.parseError(error.data);
    assert.deepEqual([...args], [user.address, 0n, parseEther("1000")]);
  }
});

test("reasons, panics, empty reverts and burnt gas are told apart", async () => {
  const reason = await errorOf(contract.fail(0));
  assert.equal(reason.code, "CALL_EXCEPTION");
  assert.equal(reason.reason, "as asked");
  assert.deepEqual([...reason.revert.args], ["as asked"]);
  const panic = await errorOf(contract.fail(1));
  assert.equal(panic.revert.name, "Panic");
  assert.deepEqual(panic.revert.args.map(BigInt), [1n]);
  assert.match(panic.reason, /Panic due to ASSERT/);
  const empty = await errorOf(contract.fail(2));
  assert.equal(empty.code, "CALL_EXCEPTION");
  assert.equal(empty.data, "0x");
  assert.ok(await errorOf(contract.fail(3)));
});

test("a wait for a transaction that fails throws with its receipt", async () => {
  const response = await owner.sendTransaction({
    to: contract,
    data: contract.interface.encodeFunctionData("fail", [0]),
    gasLimit: 100_000n,
  });
  const error = await errorOf(response.wait());
  assert.ok(isError(error, "CALL_EXCEPTION"));
  assert.equal(error.receipt.status, 0);
});

test("errors of the pool have their codes", async () => {
  const stale = await errorOf(user.sendTransaction({ to: STRANGER, nonce: 0, gasLimit: 21_000n }).then(
    () => user.sendTransaction({ to: STRANGER, nonce: 0, gasLimit: 21_000n }),
  ));
  assert.equal(stale.code, "NONCE_EXPIRED", String(stale));
  const poor = new Wallet(`0x${"11".repeat(32)}`, provider);
  const broke = await errorOf(poor.sendTransaction({ to: STRANGER, value: 1n, gasLimit: 21_000n }));
  assert.equal(broke.code, "INSUFFICIENT_FUNDS", String(broke));
});

test("a pending transaction is waited for, and its replacement is told", async () => {
  await provider.send("evm_setAutomine", [false]);
  try {
    const nonce = await user.getNonce("pending");
    const { maxFeePerGas } = await provider.getFeeData();
    const send = (times, value) =>
      user.sendTransaction({
        to: STRANGER, value, nonce, gasLimit: 21_000n,
        maxFeePerGas: maxFeePerGas * times, maxPriorityFeePerGas: maxFeePerGas * times,
      });
    const response = await send(1n, 1n);
    assert.equal((await provider.getTransaction(response.hash)).blockNumber, null);
    const waiting = errorOf(response.wait());
    // The wait has to begin before there is another.
    await settled();
    const better = await send(3n, 2n);
    await provider.send("evm_mine", []);
    const error = await waiting;
    assert.equal(error.code, "TRANSACTION_REPLACED", String(error));
    assert.equal(error.replacement.hash, better.hash);
    assert.equal(error.receipt.status, 1);
  } finally {
    await provider.send("evm_setAutomine", [true]);
  }
});

test("blocks, fees and history", async () => {
  const block = await provider.getBlock("latest", true);
  assert.ok(block.prefetchedTransactions.length === block.transactions.length);
  assert.equal((await provider.getBlock(block.hash)).number, block.number);
  assert.equal(await provider.getBlock(10 ** 9), null);
  for (const tag of ["earliest", "pending", "safe", "finalized"]) assert.ok(await provider.getBlock(tag), tag);
  const fees = await provider.getFeeData();
  assert.ok(fees.gasPrice > 0n && fees.maxFeePerGas >= fees.maxPriorityFeePerGas);
  assert.equal(await contract.name({ blockTag: block.number }), "ethers");
  assert.equal(await provider.getTransactionReceipt(`0x${"00".repeat(32)}`), null);
});

test("signatures and typed data, by key and by the node", async () => {
  const signer = await provider.getSigner(1);
  const message = "signed by the node";
  assert.equal(await signer.signMessage(message), await user.signMessage(message));
  const typed = [
    { name: "Purse", version: "1", chainId: 31337, verifyingContract: STRANGER },
    { Order: [{ name: "to", type: "address" }, { name: "amounts", type: "uint256[]" }] },
    { to: STRANGER, amounts: [1n, 2n] },
  ];
  assert.equal(await signer.signTypedData(...typed), await user.signTypedData(...typed));
});

test("an account delegates to code (EIP-7702)", async () => {
  const { abi, bytecode } = artifact("Batch");
  const batch = await (await new ContractFactory(abi, bytecode, owner).deploy()).waitForDeployment();
  const account = Wallet.createRandom().connect(provider);
  await (await owner.sendTransaction({ to: account.address, value: parseEther("1") })).wait();
  const authorization = await account.authorize({ address: await batch.getAddress(), nonce: 1 });
  const delegated = new Contract(account.address, abi, account);
  const response = await delegated.execute([[STRANGER, 1n, "0x"]], { type: 4, authorizationList: [authorization] });
  const receipt = await response.wait();
  assert.equal(receipt.type, 4);
  const event = delegated.interface.parseLog(receipt.logs[0]);
  assert.deepEqual([...event.args], [account.address, 1n]);
  const code = await provider.getCode(account.address);
  assert.equal(code, `0xef0100${(await batch.getAddress()).slice(2).toLowerCase()}`);
});

test("a model answers through the precompile", { skip: model === undefined && "no precompile here" }, async () => {
  const abi = [
    "function inference(address model, int256[] input) view returns (int256[] output)",
    "error InputLength(uint256 got, uint256 want)",
  ];
  const precompile = new Contract(model.precompile, abi, owner);
  const [, input] = precompile.interface.decodeFunctionData("inference", model.input);
  const [want] = precompile.interface.decodeFunctionResult("inference", model.output);
  assert.deepEqual([...(await precompile.inference(model.address, [...input]))], [...want]);
  assert.ok((await precompile.inference.estimateGas(model.address, [...input])) > 21_000n);
  const error = await errorOf(precompile.inference(model.address, []));
  assert.equal(error.revert.name, "InputLength");
  assert.deepEqual([...error.revert.args], [0n, BigInt(input.length)]);
});
