// Models: what the chain knows of one, and which there are.

import { CHUNK_STORE, events, GATEWAY, read, REGISTRY } from "./contracts.js";
import { call } from "./node.js";

const ACCESS = ["open", "listed callers", "private"];
const NATIVE = `0x${"0".repeat(40)}`;

const records = new Map();
const costs = new Map();
const listings = new Map();
let directoryNow;

/** Forgets what events change: names, prices, which models there are. */
export function changed() {
  directoryNow = undefined;
  listings.clear();
}

/** Forgets all: it may be of blocks that were undone. */
export function forget() {
  changed();
  records.clear();
  costs.clear();
}

/** The precompile's record of a model; undefined if it is none, or nobody has activated it. */
export function recordOf(root) {
  return remembered(records, root, () => call("fixpoint_modelInfo", root));
}

/** What an inference costs by part and by layer; undefined if the account is no model. */
export function costOf(root) {
  return remembered(costs, root, () => call("fixpoint_estimateInference", root));
}

/** An answer that does not change, asked for once; a failure is asked for again. */
function remembered(store, root, ask) {
  if (!store.has(root)) {
    const answer = ask().catch((error) => {
      store.delete(root);
      if (error.name !== "NodeError") throw error;
      return undefined;
    });
    store.set(root, answer);
  }
  return store.get(root);
}

/** Models by their roots, the newest first; read once until they have `changed`. */
export function directory() {
  directoryNow ??= listModels()
    .then((models) => new Map(models.map((model) => [model.root, model])))
    .catch((error) => {
      directoryNow = undefined;
      throw error;
    });
  return directoryNow;
}

/** Models by what the chunk store and the registry have told. */
async function listModels() {
  const [roots, registered, versions, names] = await Promise.all([
    events(CHUNK_STORE, "RootWritten"),
    events(REGISTRY, "ModelRegistered"),
    events(REGISTRY, "VersionPublished"),
    events(REGISTRY, "NameSet"),
  ]);
  const models = new Map();
  for (const {
    arguments: { root, writer, modelHash },
    log,
  } of roots) {
    models.set(root, { root, writer, modelHash, block: Number(log.blockNumber) });
  }
  const byId = new Map();
  for (const {
    arguments: { modelId, owner },
  } of registered)
    byId.set(modelId, { owner });
  for (const {
    arguments: { modelId, name },
  } of names)
    Object.assign(byId.get(modelId) ?? {}, { name });
  for (const {
    arguments: { modelId, version, root },
  } of versions) {
    const model = models.get(root) ?? { root };
    models.set(root, { ...model, modelId, version: Number(version), ...byId.get(modelId) });
  }
  return [...models.values()].reverse();
}

/** The token's number as the registry's pages and the model hash write it. */
export function idText(modelId) {
  return `0x${modelId.toString(16).padStart(64, "0")}`;
}

/** What a token of the registry says of a model: terms, owner, card; undefined if it has none. */
export function listingOf(root) {
  return remembered(listings, root, async () => {
    const modelId = await read(REGISTRY, "publishedAs", root);
    return modelId === 0n ? undefined : listing(modelId);
  });
}

/** The root of a token's latest version. */
export async function latestRoot(modelId) {
  return (await read(REGISTRY, "modelOf", modelId)).root;
}

async function listing(modelId) {
  const ask = (name) => read(REGISTRY, name, modelId);
  const [model, tags, price, access, isRetired, latest, versions, payees, parents, uri] =
    await Promise.all([
      ask("modelOf"),
      ask("tagsOf"),
      ask("priceOf"),
      ask("accessOf"),
      ask("isRetired"),
      ask("latestVersion"),
      events(REGISTRY, "VersionPublished", idText(modelId)),
      ask("payeesOf"),
      ask("parentsOf"),
      ask("tokenURI").catch(() => ""),
    ]);
  const [token, amount] = price;
  return {
    modelId,
    name: model.name,
    owner: model.owner,
    tags,
    price: amount,
    token: token === NATIVE ? undefined : token,
    access: ACCESS[Number(access)],
    isRetired,
    latest: Number(latest),
    versions: versions.map(({ arguments: { version, root } }) => ({
      version: Number(version),
      root,
    })),
    contributors: payees[1],
    parents,
    card: cardOf(uri),
  };
}

/** The picture in a token's metadata; undefined if there is none. */
function cardOf(uri) {
  const prefix = "data:application/json;base64,";
  if (!uri.startsWith(prefix)) return undefined;
  try {
    const { image } = JSON.parse(atob(uri.slice(prefix.length)));
    return typeof image === "string" ? image : undefined;
  } catch {
    return undefined;
  }
}

/** What a model has earned through the gateway: calls, and per currency the sum and who was credited. */
export async function earningsOf(modelId) {
  const id = idText(modelId);
  const [receipts, credits, pot] = await Promise.all([
    events(GATEWAY, "InferenceReceipt", id),
    events(GATEWAY, "Credited", id),
    read(GATEWAY, "potOf", modelId, NATIVE),
  ]);
  const earned = new Map();
  for (const {
    arguments: { account, token, amount },
  } of credits) {
    const key = `${account} ${token}`;
    const sum = earned.get(key)?.amount ?? 0n;
    earned.set(key, { account, token: token === NATIVE ? undefined : token, amount: sum + amount });
  }
  const paid = receipts
    .filter(({ arguments: { token } }) => token === NATIVE)
    .reduce((sum, { arguments: { price } }) => sum + price, 0n);
  const payers = new Set(receipts.map(({ arguments: { payer } }) => payer)).size;
  return { calls: receipts.length, paid, payers, pot, earned: [...earned.values()] };
}

/** What waits in the gateway for an account, in wei. */
export function creditOf(account) {
  return read(GATEWAY, "earnings", account);
}
