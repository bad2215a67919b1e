// Opens the explorer's pages in Chromium and says what must be on them; `explorer.py` starts it.
//   node scripts/explorer_page.mjs '{"chromium": ..., "url": ..., "screenshots": ...}'
// Prints `ask NAME` for what a browser cannot do, and reads the answer as a line of JSON.

import assert from "node:assert/strict";
import path from "node:path";
import readline from "node:readline";
import { chromium } from "playwright-core";

const facts = JSON.parse(process.argv[2]);
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
const SCHEMES = ["light", "dark"];
const PATIENCE_MS = 20_000;

const input = readline.createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();

async function ask(name) {
  console.log(`ask ${name}`);
  return JSON.parse((await lines.next()).value ?? "null");
}

/** What went wrong in any page: scripts' errors, refused resources, dialogs, requests elsewhere. */
const complaints = [];
/** The node is down on purpose. */
let isDown = false;

function watch(page) {
  const complain = (text) => complaints.push(`${page.url()}: ${text}`);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isDown) complain(message.text());
  });
  page.on("pageerror", (error) => complain(String(error)));
  page.on("dialog", (dialog) => {
    complain(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const isHere =
      request.url().startsWith(`${facts.url}/`) || request.url().startsWith("data:image/");
    if (!isHere) complain(`a request of ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (!socket.url().startsWith(facts.url.replace("http", "ws")))
      complain(`a WebSocket to ${socket.url()}`);
  });
}

async function rpc(method, ...params) {
  const response = await fetch(facts.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** Shows a view and waits until it stands. */
async function open(page, view) {
  await page.evaluate((hash) => (location.hash = hash), view);
  await page.waitForFunction(
    (hash) => location.hash === hash && !document.querySelector("[aria-busy]"),
    view === "" ? "" : `#${view}`,
  );
}

/** Waits until an assertion holds: the page follows the chain at its own pace. */
async function eventually(check) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** All of these texts are on the page. */
function says(page, ...texts) {
  return eventually(async () => {
    const text = await page.locator("main").innerText();
    const missing = texts.filter((each) => !text.includes(each));
    assert.deepEqual(missing, [], `${page.url()} says only:\n${text}`);
  });
}

/** There are so many of these elements. */
function counts(locator, want) {
  return eventually(async () => assert.equal(await locator.count(), want, String(locator)));
}

/** Screenshots of a view in both schemes and at both sizes. */
async function picture(page, name) {
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} pixels wider than a ${size} window`);
      const file = path.join(facts.screenshots, `${name}-${scheme}-${size}.png`);
      await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(SIZES.wide);
}

async function emptyChain(page) {
  await open(page, "/");
  await says(page, "No model yet", "No inference yet", "No transaction yet", "Tensor kernels");
  await picture(page, "empty");
}

async function overview(page, chain) {
  await open(page, "/");
  await page.getByText("live", { exact: true }).waitFor();
  await says(
    page,
    "digits",
    "class 2",
    "class 4",
    chain.hostileName,
    "Tensor kernels",
    "inference",
  );
  // Five scans at least are drawn.
  await page.locator(".inference-line canvas").nth(4).waitFor();
  await picture(page, "overview");
}

async function growth(page) {
  await open(page, "/");
  const before = Number(await rpc("eth_blockNumber"));
  await rpc("evm_mine");
  const grouped = (before + 1).toLocaleString("en-US");
  await page.locator(".hero .big", { hasText: new RegExp(`^${grouped}$`) }).waitFor();
  assert.equal(await page.locator("#head").innerText(), grouped);
  const [from, to] = await rpc("eth_accounts");
  const hash = await rpc("eth_sendTransaction", { from, to, value: "0xde0b6b3a7640000" });
  await page.locator(`.transaction-line a[href="#/transaction/${hash}"]`).waitFor();
  await says(page, "1 ETH");
}

async function undoneBlocks(page) {
  await open(page, "/");
  const snapshot = await rpc("evm_snapshot");
  const head = Number(await rpc("eth_blockNumber"));
  await rpc("anvil_mine", "0x3");
  await page.locator("#head", { hasText: String(head + 3) }).waitFor();
  await rpc("evm_revert", snapshot);
  await rpc("evm_mine");
  await page.locator("#head", { hasText: String(head + 1) }).waitFor();
  await page.locator(".hero .big", { hasText: new RegExp(`^${head + 1}$`) }).waitFor();
  await counts(page.locator(`.strip a[href="#/block/${head + 3}"]`), 0);
}

async function models(page, chain) {
  await open(page, "/models");
  await says(page, "digits", chain.hostileName, "1,000 gwei", "free");
  await counts(page.locator(".model-cards li"), 2);
  await eventually(async () => {
    const loaded = await page
      .locator(".model-cards img")
      .evaluateAll((images) => images.map((image) => image.complete && image.naturalWidth > 0));
    assert.deepEqual(loaded, [true, true], "cards are shown as pictures");
  });
  await picture(page, "models");
}

async function model(page, chain) {
  await open(page, `/model/${chain.digits.model.toLowerCase()}`);
  const paid = "6,000 gwei";
  await says(
    page,
    "digits",
    "image",
    "logits",
    "1\u00d71\u00d78\u00d78",
    paid,
    "CONV2D",
    "owner",
    "class 9",
  );
  await says(page, "layers", "loading the model");
  assert.ok((await page.locator(".layers li").count()) > 3, "layers have bars");
  // Those of the readings, one of the model's own integers, and one that was refused.
  await counts(page.locator(".inference-line canvas"), chain.reads.length + 2);
  await picture(page, "model");
}

async function hostile(page, chain) {
  await open(page, `/model/${chain.hostile.model.toLowerCase()}`);
  await says(page, chain.hostileName, chain.hostileTag, chain.hostileInput);
  assert.equal(await page.locator("h1").innerText(), chain.hostileName);
  // Markup that was taken for such would be elements.
  await counts(page.locator("main s, main svg[onload], main img:not(.card-picture)"), 0);
  assert.ok((await page.title()).startsWith("<img"), "no script has run");
  await picture(page, "hostile");
}

async function imageTransaction(page, chain) {
  const [hash] = chain.reads;
  await open(page, `/transaction/${hash}`);
  await says(page, "Succeeded", "digits", "image", "logits", "loading the model", "CONV2D");
  await says(page, "InferenceReceipt", "Credited", "inference", "Calls", "Calldata");
  const card = page.locator(".inference.card");
  await counts(card, 1);
  assert.equal(await card.locator(".bars .best .index").innerText(), String(chain.readDigits[0]));
  await counts(card.locator(".bars li"), 10);
  // The scan in the calldata: 64 bytes behind selector, offset and length.
  const { input } = await rpc("eth_getTransactionByHash", hash);
  await checkPixels(card.locator("canvas"), [
    ...Buffer.from(input.slice(2 + 2 * 68, 2 + 2 * 132), "hex"),
  ]);
  await picture(page, "transaction");
}

async function rawTransaction(page, chain) {
  await open(page, `/transaction/${chain.raw}`);
  await says(page, "inferenceRaw", "digits", "64 bytes");
  await checkPixels(page.locator(".inference.card canvas"), chain.rawInk);
}

/** Whether the canvas is a scan: ink from none, black, to the most of it, white. */
async function checkPixels(canvas, ink) {
  const drawn = await canvas.evaluate((element) => {
    const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    return [element.width, element.height, ...data.filter((_, index) => index % 4 === 0)];
  });
  const most = Math.max(...ink);
  const want = ink.map((value) => (255 * value) / most);
  assert.deepEqual(drawn.slice(0, 2), [8, 8]);
  const worst = Math.max(...want.map((value, index) => Math.abs(value - drawn[index + 2])));
  assert.ok(worst <= 1, `the picture is off by ${worst} of 255`);
}

async function seriesTransaction(page, chain) {
  await open(page, `/transaction/${chain.once}`);
  await says(page, chain.hostileName, chain.hostileInput, "volatility");
  await counts(page.locator(".inference.card .plot polyline"), 1);
  await picture(page, "series");
  await open(page, `/transaction/${chain.twice}`);
  await says(page, "2 runs");
  await counts(page.locator(".inference.card .plot polyline"), 2);
}

async function failedTransaction(page, chain) {
  await open(page, `/transaction/${chain.gated}`);
  await says(page, "Failed", "Gated", "InferenceGateway");
  await picture(page, "failed");
  await open(page, `/transaction/${chain.malformed}`);
  await says(page, "Failed", "setName", "no arguments");
}

/** Data that decodes to far more than it is, or to nothing. */
async function decoding(page) {
  const outcomes = await page.evaluate(async () => {
    const { decode, encode, parse } = await import("/abi.js");
    const types = parse("f(uint256[][] a)").inputs;
    const bytes = (words) => {
      const data = new Uint8Array(32 * words.length);
      words.forEach((word, index) => new DataView(data.buffer).setUint32(32 * index + 28, word));
      return data;
    };
    const refusal = (words) => {
      try {
        return decode(types, bytes(words)).length;
      } catch (error) {
        return error.message;
      }
    };
    const [outer, inner] = [2000, 2000];
    const bomb = [32, outer, ...Array(outer).fill(32 * outer), inner, ...Array(inner).fill(7)];
    const [text] = decode(parse("f(string s)").inputs, bytes([32, 0]));
    return {
      bomb: refusal(bomb),
      cut: refusal([32, 3, 96]),
      beyond: refusal([4_000_000_000]),
      nothing: refusal([]),
      text,
      call: encode("0x12345678", [1n, "name"]).length,
    };
  });
  assert.deepEqual(outcomes, {
    bomb: "too many values",
    cut: "too short",
    beyond: "an offset beyond the data",
    nothing: "too short",
    text: "",
    call: 2 + 8 + 4 * 64,
  });
}

async function block(page, chain) {
  const { blockNumber } = await rpc("eth_getTransactionByHash", chain.reads[0]);
  await open(page, `/block/${Number(blockNumber)}`);
  await says(page, "Beneficiary", "class 7", "Where its gas went", "contracts and transaction");
  await picture(page, "block");
  await page.getByRole("link", { name: /later/ }).click();
  await page
    .locator("h1", { hasText: (Number(blockNumber) + 1).toLocaleString("en-US") })
    .waitFor();
}

async function account(page, chain) {
  await open(page, `/account/${chain.owner}`);
  await says(page, "Balance", "Earned, to be withdrawn", "6,000 gwei", "digits", "Transactions");
  await picture(page, "account");
  await open(page, `/account/${chain.gateway}`);
  await says(page, "InferenceGateway", "InferenceReceipt", "Contract");
  await open(page, `/account/${chain.digits.model.toLowerCase()}`);
  await page.locator("h1", { hasText: "digits" }).waitFor();
}

async function search(page, chain) {
  const { blockHash, blockNumber } = await rpc("eth_getTransactionByHash", chain.reads[0]);
  const root = chain.digits.model.toLowerCase();
  const ends = [
    [String(Number(blockNumber)), `#/block/${Number(blockNumber)}`],
    [blockHash, `#/block/${Number(blockNumber)}`],
    [chain.reads[1], `#/transaction/${chain.reads[1]}`],
    [chain.owner, `#/account/${chain.owner}`],
    ["digits", `#/model/${root}`],
    [chain.digits.model_id, `#/model/${root}`],
  ];
  for (const [text, end] of ends) {
    await open(page, "/");
    // By keyboard alone.
    await page.keyboard.press("/");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await page.waitForFunction((hash) => location.hash === hash, end);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("nobody");
  await page.keyboard.press("Enter");
  await page.locator("#said", { hasText: "nobody" }).waitFor();
  await page.keyboard.press("Escape");
}

async function nothing(page) {
  await open(page, `/transaction/0x${"ab".repeat(32)}`);
  await says(page, "This chain has no such page");
  await open(page, "/block/999999");
  await says(page, "This chain has no such page");
  await open(page, "/%3Cimg%20src=x%20onerror=alert(1)%3E");
  await says(page, "This chain has no such page");
  await picture(page, "not-found");
}

/** Kinds of tensors that the models here do not have. */
async function drawings(page) {
  const drawn = await page.evaluate(async () => {
    const { answerOf, tensorFigure } = await import("/tensors.js");
    const port = (shape, quantisation = 1) => ({ name: "x", dtype: 3, shape, quantisation });
    const pixels = Array.from({ length: 48 }, (_, index) => index);
    const corner = (figure) => [
      ...figure.querySelector("canvas").getContext("2d").getImageData(3, 3, 1, 1).data,
    ];
    const count = (figure, selector) => figure.querySelectorAll(selector).length;
    const wave = Array.from({ length: 40 }, (_, step) => Math.sin(step));
    return {
      rows: corner(tensorFigure({ port: port([1, 3, 4, 4]), values: pixels })),
      columns: corner(tensorFigure({ port: port([1, 4, 4, 3]), values: pixels })),
      lines: count(tensorFigure({ port: port([1, 10, 4]), values: wave }), "polyline"),
      apart: count(
        tensorFigure({
          port: port([1, 20, 2]),
          values: wave.map((y, i) => (i % 2 ? y : 1000 * y)),
        }),
        ".plot",
      ),
      table: count(tensorFigure({ port: port([1, 40], 2), values: wave }), ".numbers li"),
      shares: answerOf({ port: port([1, 3]), values: [0.125, 0.75, 0.125] }),
      number: answerOf({ port: port([1, 1]), values: [0.5] }),
      features: count(
        tensorFigure({ port: port([1, 8, 8, 64]), values: Array(4096).fill(1) }),
        ".numbers li",
      ),
    };
  });
  assert.deepEqual(drawn, {
    rows: [15, 31, 47].map((level) => Math.round((255 * level) / 47)).concat(255),
    columns: [45, 46, 47].map((level) => Math.round((255 * level) / 47)).concat(255),
    lines: 4,
    apart: 2,
    table: 40,
    shares: "class 1, 75 %",
    number: "x 0.5",
    features: 65,
  });
}

/** What the node's policy forbids does not happen even if a script tries. */
async function policy(browser) {
  const page = await browser.newPage();
  await page.goto(facts.url);
  const refused = await page.evaluate(async () => {
    const seen = new Set();
    document.addEventListener("securitypolicyviolation", (event) =>
      seen.add(event.effectiveDirective),
    );
    const elsewhere = "http://127.0.0.1:1/";
    const element = (name, property, value) => {
      const made = document.createElement(name);
      made[property] = value;
      document.body.append(made);
    };
    try {
      element("div", "innerHTML", "<b>x</b>");
    } catch {
      // Trusted types throw, and report.
    }
    element("style", "textContent", "body { color: red }");
    element("img", "src", elsewhere);
    await fetch(elsewhere).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    return [...seen].sort();
  });
  assert.deepEqual(refused, [
    "connect-src",
    "img-src",
    "require-trusted-types-for",
    "style-src-elem",
  ]);
  await page.close();
}

/** Reading goes on by itself after the node was away. */
async function restart(page, chain) {
  await open(page, "/");
  isDown = true;
  await ask("stop");
  await page.getByText("offline", { exact: true }).waitFor();
  await page.evaluate((hash) => (location.hash = hash), `/account/${chain.reader}`);
  await page.getByText("The node does not answer").waitFor();
  await picture(page, "offline");
  await ask("start");
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByText("Contract", { exact: true }).waitFor();
  isDown = false;
  await open(page, "/");
  const head = Number(await rpc("eth_blockNumber"));
  await rpc("evm_mine");
  await page.locator("#head", { hasText: String(head + 1) }).waitFor();
}

const browser = await chromium.launch({ executablePath: facts.chromium, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: SIZES.wide });
  page.setDefaultTimeout(PATIENCE_MS);
  watch(page);
  await page.goto(facts.url);
  await emptyChain(page);
  const chain = await ask("populate");
  const checks = {
    overview,
    models,
    model,
    hostile,
    imageTransaction,
    rawTransaction,
    seriesTransaction,
    failedTransaction,
    block,
    account,
    search,
    nothing,
    drawings,
    decoding,
    growth,
    undoneBlocks,
    restart,
  };
  for (const [name, check] of Object.entries(checks)) {
    await check(page, chain);
    console.log(`${name}: as it should be`);
  }
  await policy(browser);
  assert.deepEqual(complaints, []);
  console.log("no script failed, and nothing was asked of anybody but the node");
} catch (error) {
  console.log(String(error.stack ?? error));
  for (const complaint of complaints) console.log(complaint);
  process.exitCode = 1;
} finally {
  await browser.close();
  input.close();
}
