// Solidity's ABI: signatures with names, calldata, return data, events.

/** Elements in one decoded answer; overlapping offsets could make more of few bytes. */
const MAX_ELEMENTS = 1_000_000;
const WORD = 32;

/** Data that is not an encoding of the expected types. */
export class AbiError extends Error {}

/** `name(type name, ...) returns (...)` in parts; inputs and outputs are lists of parameters. */
export function parse(signature) {
  const reader = { text: signature, at: 0 };
  const name = take(reader, /[^(]*/y);
  const inputs = parameters(reader);
  const outputs = take(reader, / returns /y) === "" ? [] : parameters(reader);
  return { name, inputs, outputs };
}

function take(reader, pattern) {
  pattern.lastIndex = reader.at;
  const [found = ""] = pattern.exec(reader.text) ?? [];
  reader.at += found.length;
  return found;
}

function parameters(reader) {
  const list = [];
  take(reader, /\(/y);
  while (take(reader, /\)/y) === "") {
    let type;
    if (reader.text[reader.at] === "(") type = { kind: "tuple", parts: parameters(reader) };
    else type = elementary(take(reader, /[a-z]+\d*/y));
    for (let size = take(reader, /\[\d*\]/y); size !== ""; size = take(reader, /\[\d*\]/y)) {
      type = {
        kind: "array",
        element: type,
        length: size === "[]" ? undefined : Number(size.slice(1, -1)),
      };
    }
    const indexed = take(reader, / indexed/y) !== "";
    const name = take(reader, / \w+/y).trim();
    take(reader, /, /y);
    list.push({ name, type, indexed });
    if (reader.at >= reader.text.length) break;
  }
  return list;
}

function elementary(text) {
  const [, kind, size] = /^([a-z]+)(\d*)$/.exec(text);
  return kind === "bytes" && size !== ""
    ? { kind: "fixed", size: Number(size) }
    : { kind, size: Number(size) };
}

/** Bytes of a `0x` string. */
export function bytesOf(hex) {
  const bytes = new Uint8Array((hex.length - 2) >> 1);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(hex.slice(2 + 2 * index, 4 + 2 * index), 16);
  }
  return bytes;
}

/** `0x` string of bytes. */
export function hexOf(bytes) {
  let text = "0x";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** The values that `bytes` encodes: a list in the order of `types` (parameters). */
export function decode(types, bytes) {
  const view = { bytes, left: MAX_ELEMENTS };
  return types.length === 0
    ? []
    : sequence(
        types.map(({ type }) => type),
        view,
        0,
      );
}

/** An event's parameters with their values; a dynamic indexed one has its hash. */
export function decodeEvent(types, topics, data) {
  const plain = decode(
    types.filter(({ indexed }) => !indexed),
    bytesOf(data),
  );
  const hashes = topics.slice(1);
  return types.map(({ type, indexed }) => {
    if (!indexed) return plain.shift();
    const topic = hashes.shift();
    if (topic === undefined) throw new AbiError("a topic is missing");
    const isValue = !["string", "bytes", "array", "tuple"].includes(type.kind);
    return isValue ? decode([{ type }], bytesOf(topic))[0] : topic;
  });
}

/** Calldata of a function whose arguments are numbers, addresses, hashes, or one last string. */
export function encode(selector, values) {
  const heads = values.map((value) =>
    typeof value === "string" && !value.startsWith("0x")
      ? word(BigInt(WORD * values.length))
      : word(BigInt(value)),
  );
  const tail = values
    .filter((value) => typeof value === "string" && !value.startsWith("0x"))
    .map((value) => {
      const bytes = new TextEncoder().encode(value);
      const padded = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD);
      padded.set(bytes);
      return word(BigInt(bytes.length)) + hexOf(padded).slice(2);
    });
  return selector + heads.join("") + tail.join("");
}

function word(value) {
  return BigInt.asUintN(256, value).toString(16).padStart(64, "0");
}

function isDynamic(type) {
  if (type.kind === "array") return type.length === undefined || isDynamic(type.element);
  if (type.kind === "tuple") return type.parts.some(({ type }) => isDynamic(type));
  return type.kind === "bytes" || type.kind === "string";
}

function headSize(type) {
  if (isDynamic(type)) return WORD;
  if (type.kind === "array") return type.length * headSize(type.element);
  if (type.kind === "tuple") return type.parts.reduce((sum, { type }) => sum + headSize(type), 0);
  return WORD;
}

/** Values one after another, dynamic ones by offsets from `base`. */
function sequence(types, view, base) {
  let at = base;
  return types.map((type) => {
    const start = isDynamic(type) ? base + small(view, at) : at;
    at += headSize(type);
    return value(type, view, start);
  });
}

function value(type, view, at) {
  view.left -= 1;
  if (view.left < 0) throw new AbiError("too many values");
  switch (type.kind) {
    case "tuple": {
      const values = sequence(
        type.parts.map(({ type }) => type),
        view,
        at,
      );
      return Object.fromEntries(
        type.parts.map(({ name }, index) => [name || index, values[index]]),
      );
    }
    case "array": {
      const length = type.length ?? small(view, at);
      const start = type.length === undefined ? at + WORD : at;
      if (length * headSize(type.element) > view.bytes.length - start)
        throw new AbiError("too short");
      return sequence(Array(length).fill(type.element), view, start);
    }
    case "bytes":
    case "string": {
      const length = small(view, at);
      const content = slice(view, at + WORD, length);
      return type.kind === "bytes" ? content : new TextDecoder().decode(content);
    }
    case "fixed":
      return hexOf(slice(view, at, type.size));
    case "address":
      return hexOf(slice(view, at + 12, 20));
    case "bool":
      return unsigned(view, at) !== 0n;
    case "int":
      return BigInt.asIntN(256, unsigned(view, at));
    default:
      return unsigned(view, at);
  }
}

function slice(view, at, length) {
  if (at + length > view.bytes.length) throw new AbiError("too short");
  return view.bytes.subarray(at, at + length);
}

function unsigned(view, at) {
  return BigInt(hexOf(slice(view, at, WORD)));
}

/** A length or an offset. */
function small(view, at) {
  const number = unsigned(view, at);
  if (number > BigInt(view.bytes.length)) throw new AbiError("an offset beyond the data");
  return Number(number);
}
