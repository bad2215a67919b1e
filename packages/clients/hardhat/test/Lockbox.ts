import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { network } from "hardhat";
import { parseEther } from "viem";
import LockboxModule from "../ignition/modules/Lockbox.js";

const { viem, ignition, networkHelpers } = await network.create();
const { time } = networkHelpers;
const AMOUNT = parseEther("2");
/** Set when the suite runs on anvil, which lacks some of what Hardhat's own node has. */
const onAnvil = process.env.ON_ANVIL === "1";

/** A box that opens in an hour. */
async function closedBox() {
  const [owner, other] = await viem.getWalletClients();
  const opens = BigInt(await time.latest()) + 3_600n;
  const lockbox = await viem.deployContract("Lockbox", [opens], { value: AMOUNT });
  return { lockbox, opens, owner, other };
}

describe("Lockbox", () => {
  it("is deployed with ether, its owner and its time", async () => {
    const { lockbox, opens, owner } = await networkHelpers.loadFixture(closedBox);
    assert.equal(await lockbox.read.opens(), opens);
    assert.equal((await lockbox.read.owner()).toLowerCase(), owner.account.address.toLowerCase());
    const client = await viem.getPublicClient();
    assert.equal(await client.getBalance({ address: lockbox.address }), AMOUNT);
  });

  it("stays closed until its time", async () => {
    const { lockbox } = await networkHelpers.loadFixture(closedBox);
    await viem.assertions.revertWithCustomError(lockbox.write.open(), lockbox, "TooEarly");
  });

  it("opens for nobody else", async () => {
    const { lockbox, opens, other } = await networkHelpers.loadFixture(closedBox);
    await time.increaseTo(opens);
    await viem.assertions.revertWithCustomErrorWithArgs(
      lockbox.write.open({ account: other.account }),
      lockbox,
      "NotTheOwner",
      [other.account.address],
    );
  });

  it("opens for its owner, with an event and the money", async () => {
    const { lockbox, opens, owner } = await networkHelpers.loadFixture(closedBox);
    await time.increaseTo(opens);
    await viem.assertions.emitWithArgs(lockbox.write.open(), lockbox, "Opened", [owner.account.address, AMOUNT]);
    const client = await viem.getPublicClient();
    assert.equal(await client.getBalance({ address: lockbox.address }), 0n);
  });

  it("pays its owner", async () => {
    const { lockbox, opens, owner } = await networkHelpers.loadFixture(closedBox);
    await time.setNextBlockTimestamp(opens);
    await viem.assertions.balancesHaveChanged(lockbox.write.open(), [{ address: owner.account.address, amount: AMOUNT }]);
  });

  it("cannot open in the past", async () => {
    const past = BigInt(await time.latest()) - 1n;
    await viem.assertions.revertWith(viem.deployContract("Lockbox", [past]), "opens in the past");
  });

  it("is deployed by Ignition", async () => {
    const { lockbox } = await ignition.deploy(LockboxModule);
    assert.equal(await lockbox.read.opens(), 4_102_444_800n);
  });
});

describe("network helpers", () => {
  it("mine blocks with time between them", async () => {
    const height = await time.latestBlock();
    await networkHelpers.mine(4, { interval: 10 });
    assert.equal(await time.latestBlock(), height + 4);
    await networkHelpers.mineUpTo(height + 6);
    assert.equal(await time.latestBlock(), height + 6);
  });

  it("take snapshots and restore them", async () => {
    const address = "0x00000000000000000000000000000000DeaDBeef";
    const client = await viem.getPublicClient();
    const before = await client.getBalance({ address });
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.setBalance(address, before + 5n);
    assert.equal(await client.getBalance({ address }), before + 5n);
    await snapshot.restore();
    assert.equal(await client.getBalance({ address }), before);
  });

  it("move time", async () => {
    const before = await time.latest();
    await time.increase(1_000);
    const after = await time.latest();
    assert.ok(after >= before + 1_000 && after < before + 1_100, `${before} to ${after}`);
  });

  it("let a stranger send", async () => {
    const stranger = "0x00000000000000000000000000000000000a11ce";
    await networkHelpers.setBalance(stranger, AMOUNT);
    await networkHelpers.impersonateAccount(stranger);
    const wallet = await viem.getWalletClient(stranger);
    const lockbox = await viem.deployContract("Lockbox", [BigInt(await time.latest()) + 60n], {
      client: { wallet },
    });
    assert.equal((await lockbox.read.owner()).toLowerCase(), stranger);
    await networkHelpers.stopImpersonatingAccount(stranger);
    await assert.rejects(wallet.sendTransaction({ to: stranger, value: 1n }));
  });

  it("set code, nonces, storage and what the next block has", async () => {
    const address = "0x000000000000000000000000000000000000c0de";
    const client = await viem.getPublicClient();
    await networkHelpers.setCode(address, "0x6001600055");
    assert.equal(await client.getCode({ address }), "0x6001600055");
    await networkHelpers.setNonce(address, 9);
    assert.equal(await client.getTransactionCount({ address }), 9);
    await networkHelpers.setStorageAt(address, 3, 42);
    assert.equal(BigInt(await networkHelpers.getStorageAt(address, 3)), 42n);
    await networkHelpers.setCoinbase("0x00000000000000000000000000000000DeaDBeef");
    await networkHelpers.setNextBlockBaseFeePerGas(7_000_000_000n);
    await networkHelpers.mine();
    const block = await client.getBlock();
    assert.equal(block.miner.toLowerCase(), "0x00000000000000000000000000000000deadbeef");
    assert.equal(block.baseFeePerGas, 7_000_000_000n);
    await networkHelpers.setBlockGasLimit(50_000_000);
    await networkHelpers.mine();
    assert.equal((await client.getBlock()).gasLimit, 50_000_000n);
  });

  it("set the next block's PREVRANDAO", { skip: onAnvil }, async () => {
    await networkHelpers.setPrevRandao(5n);
    await networkHelpers.mine();
    const client = await viem.getPublicClient();
    assert.equal(BigInt((await client.getBlock()).mixHash), 5n);
  });

  it("drop transactions that wait", { skip: onAnvil }, async () => {
    const [wallet] = await viem.getWalletClients();
    const client = await viem.getTestClient({ mode: "hardhat" });
    await client.setAutomine(false);
    const hash = await wallet.sendTransaction({ to: wallet.account.address, value: 1n, gas: 21_000n });
    assert.equal(await networkHelpers.dropTransaction(hash), true);
    await client.setAutomine(true);
  });
});
