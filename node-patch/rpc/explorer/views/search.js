// Where a text leads: to a block, a transaction, an account, a model.

import { blockAt } from "../blocks.js";
import { read, REGISTRY } from "../contracts.js";
import { idText, latestRoot } from "../models.js";
import { call } from "../node.js";

/** The page that a text names; undefined if the chain has nothing of that name. */
export async function pageOf(text) {
  const word = text.trim();
  if (/^#?[\d,]{1,15}$/.test(word)) return blockPage(Number(word.replace(/[#,]/g, "")));
  if (/^0x[0-9a-f]{40}$/i.test(word)) return `#/account/${word.toLowerCase()}`;
  if (/^0x[0-9a-f]{64}$/i.test(word)) return hashPage(word.toLowerCase());
  // A token's number, as wallets write it.
  if (/^\d{16,78}$/.test(word)) return hashPage(idText(BigInt(word)));
  return word === "" || word.startsWith("0x") ? undefined : namePage(word);
}

async function blockPage(number) {
  return (await blockAt(number)) === null ? undefined : `#/block/${number}`;
}

async function hashPage(hash) {
  const [transaction, block, root] = await Promise.all([
    call("eth_getTransactionByHash", hash),
    blockAt(hash),
    latestRoot(BigInt(hash)).catch(() => undefined),
  ]);
  if (transaction !== null) return `#/transaction/${hash}`;
  if (block !== null) return `#/block/${Number(block.number)}`;
  return root && BigInt(root) !== 0n ? `#/model/${root}` : undefined;
}

/** A model by the id that the registry resolves. */
async function namePage(name) {
  try {
    const [modelId, version] = await read(REGISTRY, "resolve", name);
    return `#/model/${await read(REGISTRY, "rootOf", modelId, version)}`;
  } catch (error) {
    if (error.name === "NodeError") return undefined;
    throw error;
  }
}
