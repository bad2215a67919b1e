/** The devnet that `scripts/npm_package.py` started, and what it put there. */

import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, http, type Address, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** What the script says in the file that FIXPOINT_TEST names. */
interface Network {
  /** JSON-RPC endpoint. */
  readonly url: string;
  /** Key of a funded account that owns no model. */
  readonly key: Hex;
  /** The digits classifier, priced: what `fixpoint deploy --json` said, with the samples and answers. */
  readonly digits: {
    readonly model: Address;
    readonly modelId: string;
    readonly price: string;
    /** Samples of the test set. */
    readonly images: readonly (readonly number[])[];
    /** `fixpoint call --json` of them: words, in decimal. */
    readonly logits: readonly (readonly string[])[];
  };
  /** Models of `test-vectors/payloads`, by their names there. */
  readonly vectors: Readonly<Record<string, Address>>;
  /** The checkout. */
  readonly root: string;
}

function read(): Network {
  const path = process.env["FIXPOINT_TEST"];
  if (path === undefined) throw new Error("these tests need a devnet: run `make test-npm`");
  return JSON.parse(readFileSync(path, "utf8")) as Network;
}

export const network = read();

const transport = http(network.url);
export const client = createPublicClient({ transport, pollingInterval: 50 });
export const wallet = createWalletClient({
  account: privateKeyToAccount(network.key),
  transport,
  pollingInterval: 50,
});
