/** viem's clients of the node, and a contract for a test of its own. */

import { createPublicClient, createTestClient, createWalletClient, http, parseEther, webSocket } from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { KEYS, MNEMONIC, artifact, httpUrl, wsUrl } from "../network.mjs";

// What a project that uses anvil has, with nothing changed but the port.
const common = { chain: foundry, transport: http(httpUrl), pollingInterval: 50, cacheTime: 0 };

export const owner = privateKeyToAccount(KEYS[0]);
export const user = mnemonicToAccount(MNEMONIC, { addressIndex: 1 });

export const client = createPublicClient(common);
export const wallet = createWalletClient({ ...common, account: owner });
export const userWallet = createWalletClient({ ...common, account: user });
/** Sends through the node's own accounts. */
export const nodeWallet = createWalletClient(common);
export const testClient = createTestClient({ ...common, mode: "anvil" });

/** A public client over WebSocket; whoever asks for it closes it. */
export async function socketClient() {
  const transport = webSocket(wsUrl, { reconnect: false });
  const socket = createPublicClient({ chain: foundry, transport });
  return { socket, close: async () => (await socket.transport.getRpcClient()).close() };
}

export const purse = artifact("Purse");

/** Sends, waits, and expects success. */
export async function mined(sending) {
  const receipt = await client.waitForTransactionReceipt({ hash: await sending });
  if (receipt.status !== "success") throw new Error(`${receipt.transactionHash} failed`);
  return receipt;
}

/** A new Purse with one ether of the owner's. */
export async function deployPurse() {
  const receipt = await mined(
    wallet.deployContract({ ...purse, args: ["viem"], value: parseEther("1") }),
  );
  return receipt.contractAddress;
}
