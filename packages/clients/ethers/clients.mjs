/** ethers' providers and signers of the node, and a contract for a test of its own. */

import { ContractFactory, HDNodeWallet, JsonRpcProvider, NonceManager, WebSocketProvider, Wallet } from "ethers";
import { KEYS, MNEMONIC, artifact, httpUrl, wsUrl } from "../network.mjs";

// What a project that uses anvil has, with nothing changed but the port.
export const provider = new JsonRpcProvider(httpUrl, undefined, { cacheTimeout: -1 });
provider.pollingInterval = 50;

export const owner = new NonceManager(new Wallet(KEYS[0], provider));
export const user = HDNodeWallet.fromPhrase(MNEMONIC, undefined, "m/44'/60'/0'/0/1").connect(provider);

export const purse = artifact("Purse");

/** A new Purse with `value` wei of the owner's. */
export async function deployPurse(value = 10n ** 18n) {
  const factory = new ContractFactory(purse.abi, purse.bytecode, owner);
  const contract = await factory.deploy("ethers", { value });
  return contract.waitForDeployment();
}

/** A provider over WebSocket; whoever asks for it destroys it. */
export const socketProvider = () => new WebSocketProvider(wsUrl);

/** A failed call's or sending's error. */
export async function errorOf(attempt) {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
}
