// An account: what it has, what it owns, what it did lately.

import { blocksDown, headNumber } from "../blocks.js";
import { events, nameOf, REGISTRY } from "../contracts.js";
import { all, h } from "../elements.js";
import { eventList } from "../events.js";
import { bytes, count, counted } from "../format.js";
import { costOf, creditOf, directory } from "../models.js";
import { call } from "../node.js";
import {
  accountLink,
  amount,
  copyable,
  empty,
  facts,
  heading,
  section,
  transactionLink,
} from "../parts.js";
import { transactionTable } from "../transactions.js";
import { model } from "./model.js";
import { modelCards } from "./models.js";

/** Blocks whose transactions are looked through: nodes have no list by account. */
const SEARCHED = 200;
const MAX_TRANSACTIONS = 25;
const MAX_EVENTS = 12;
/** A root of a model begins so. */
const ROOT_CODE = /^0xfe465850/;

export async function account(text) {
  const address = text.toLowerCase();
  const code = await call("eth_getCode", address, "latest");
  if (ROOT_CODE.test(code) && (await costOf(address)) !== undefined) return model(address);
  const head = await headNumber();
  const [balance, nonce, credit, blocks, logs, models] = await Promise.all([
    call("eth_getBalance", address, "latest"),
    call("eth_getTransactionCount", address, "latest"),
    creditOf(address),
    blocksDown(Math.max(0, head - SEARCHED + 1), head),
    code === "0x" ? [] : recentLogs(address, head),
    ownedModels(address),
  ]);
  const transactions = blocks.flatMap((block) => ofAccount(block, address));
  const shown = transactions.slice(0, MAX_TRANSACTIONS);
  const receipts = await Promise.all(
    shown.map(({ hash }) => call("eth_getTransactionReceipt", hash)),
  );
  const isContract = code !== "0x";
  return {
    title: nameOf(address) ?? `Account ${address.slice(0, 10)}`,
    content: all(
      heading(
        isContract ? "Contract" : "Account",
        nameOf(address) ?? address,
        nameOf(address) && h("p", {}, copyable(address)),
      ),
      facts(
        ["Balance", amount(balance)],
        [isContract ? "Contracts created" : "Transactions sent", count(Number(nonce))],
        ["Code", isContract && codeText(code)],
        ["Earned, to be withdrawn", credit > 0n && amount(credit)],
      ),
      models.length > 0 && section("Models", count(models.length), await modelCards(models)),
      section(
        "Transactions",
        `in the last ${counted(blocks.length, "block")}`,
        transactions.length > 0
          ? transactionTable(shown, receipts)
          : empty(
              "No transaction here",
              "This account was in none of these blocks' transactions itself.",
            ),
      ),
      logs.length > 0 &&
        section(
          "Latest events",
          undefined,
          eventList(logs, (log) =>
            h("span", { class: "soft" }, "in ", transactionLink(log.transactionHash)),
          ),
        ),
    ),
    async onHead(number) {
      const newer = await blocksDown(Math.max(head, number - SEARCHED) + 1, number);
      return newer.some((block) => ofAccount(block, address).length > 0);
    },
  };
}

/** A block's transactions from or to an account, the latest first. */
function ofAccount({ transactions }, address) {
  return transactions.filter(({ from, to }) => from === address || to === address).reverse();
}

function codeText(code) {
  const size = bytes((code.length - 2) / 2);
  if (code.startsWith("0xef0100"))
    return all("delegates to ", accountLink(`0x${code.slice(8, 48)}`));
  return code.startsWith("0x00") && code.length > 44 ? `${size}, part of a model` : size;
}

async function recentLogs(address, head) {
  const fromBlock = `0x${Math.max(0, head - SEARCHED + 1).toString(16)}`;
  return (await call("eth_getLogs", { address, fromBlock })).slice(-MAX_EVENTS).reverse();
}

async function ownedModels(address) {
  const topic = `0x${address.slice(2).padStart(64, "0")}`;
  const [received, models] = await Promise.all([
    events(REGISTRY, "Transfer", null, topic),
    directory(),
  ]);
  const ids = new Set(received.map(({ arguments: { tokenId } }) => tokenId));
  return [...models.values()].filter(({ modelId }) => ids.has(modelId));
}
