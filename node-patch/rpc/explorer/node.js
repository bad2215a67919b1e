// The node: JSON-RPC over HTTP, and new heads over WebSocket. Nothing here knows what is asked.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** How often the head is asked for while there is no WebSocket. */
const POLL_MS = 2_000;
/** Calls that take the node long go alone: a batch is as slow as its slowest call. */
const SLOW = /^(trace_|debug_|fixpoint_estimate)/;
const MAX_BATCH = 100;

/** The node answered with an error. */
export class NodeError extends Error {
  constructor({ message, code, data }) {
    super(message);
    this.name = "NodeError";
    this.code = code;
    this.data = data;
  }
}

/** The node did not answer. */
export class OfflineError extends Error {
  constructor() {
    super("the node does not answer");
    this.name = "OfflineError";
  }
}

let waiting = [];

/** The result of one call. Calls made at the same time travel in one batch. */
export function call(method, ...params) {
  return new Promise((resolve, reject) => {
    const one = { method, params, resolve, reject };
    if (SLOW.test(method)) {
      send([one]);
      return;
    }
    if (waiting.length === 0) queueMicrotask(flush);
    waiting.push(one);
  });
}

function flush() {
  const calls = waiting;
  waiting = [];
  for (let start = 0; start < calls.length; start += MAX_BATCH) {
    send(calls.slice(start, start + MAX_BATCH));
  }
}

async function send(calls) {
  const body = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
  let answers;
  try {
    const response = await fetch("/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    answers = await response.json();
  } catch {
    for (const { reject } of calls) reject(new OfflineError());
    return;
  }
  const byId = new Map([answers].flat().map((answer) => [answer.id, answer]));
  calls.forEach(({ resolve, reject }, id) => {
    const answer = byId.get(id) ?? byId.get(null);
    if (answer === undefined) reject(new OfflineError());
    else if (answer.error) reject(new NodeError(answer.error));
    else resolve(answer.result);
  });
}

/**
 * Follows the chain's head for as long as the page is open: `onHead(header)` for each new one,
 * `onState("live" | "polling" | "offline")` when the connection changes.
 */
export function follow(onHead, onState) {
  let wait = FIRST_WAIT_MS;
  let last = null;
  const heard = (header) => {
    if (header.hash === last) return;
    last = header.hash;
    onHead(header);
  };
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/`);
    let isLive = false;
    socket.onopen = () =>
      socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}');
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.method === "eth_subscription") heard(message.params.result);
      else if (message.id === 1 && message.result) {
        isLive = true;
        wait = FIRST_WAIT_MS;
        onState("live");
        // What came while nobody listened.
        latest().then(heard, () => {});
      }
    };
    socket.onclose = () => {
      if (isLive) onState("polling");
      poll();
    };
  };
  const poll = async () => {
    const until = Date.now() + wait;
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    do {
      try {
        heard(await latest());
        onState("polling");
      } catch {
        onState("offline");
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, until - Date.now())));
    } while (Date.now() < until);
    connect();
  };
  connect();
}

function latest() {
  return call("eth_getBlockByNumber", "latest", false);
}
