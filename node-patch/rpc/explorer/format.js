// Numbers, amounts, times and hashes as people read them.

const WEI_PER_GWEI = 10n ** 9n;
const WEI_PER_ETHER = 10n ** 18n;
/** Smaller amounts are in gwei. */
const LEAST_ETHER = 10n ** 14n;
const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** An integer in groups of three digits. */
export function count(value) {
  return GROUPED.format(value);
}

/** "1 block", "2 blocks". */
export function counted(value, noun) {
  return `${count(value)} ${noun}${BigInt(value) === 1n ? "" : "s"}`;
}

/** A real number to four digits, with an exponent where it is far from 1. */
export function real(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-3) return value.toExponential(2).replace("e+", "e");
  if (Number.isInteger(value)) return count(value);
  return String(Number(value.toPrecision(4)));
}

/** A share of a whole in percent. */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1 %";
  if (share < 1 && share > 0.999) return ">99.9 %";
  const isNearEnd = share > 0 && share < 1 && (share < 0.1 || share > 0.9);
  return `${(100 * share).toFixed(isNearEnd ? 1 : 0)} %`;
}

/** An amount of wei in the unit that fits it. */
export function ether(wei) {
  const value = BigInt(wei);
  if (value === 0n) return "0 ETH";
  const size = value < 0n ? -value : value;
  if (size >= LEAST_ETHER) return `${decimal(value, WEI_PER_ETHER, 6)} ETH`;
  if (size >= WEI_PER_GWEI / 1000n) {
    return `${decimal(value, WEI_PER_GWEI, size < 100n * WEI_PER_GWEI ? 4 : 2)} gwei`;
  }
  return `${count(value)} wei`;
}

/** `value / unit` with up to so many decimals. */
function decimal(value, unit, places) {
  const sign = value < 0n ? "-" : "";
  const one = 10n ** BigInt(places);
  const scaled = ((value < 0n ? -value : value) * one + unit / 2n) / unit;
  const decimals = String(scaled % one)
    .padStart(places, "0")
    .replace(/0+$/, "");
  return `${sign}${count(scaled / one)}${decimals && `.${decimals}`}`;
}

/** The beginning and the end of a hash or an address. */
export function short(hash, ends = 4) {
  return hash.length <= 2 * ends + 5
    ? hash
    : `${hash.slice(0, 2 + ends)}\u2026${hash.slice(-ends)}`;
}

/** `[1, 8, 8]` as `1x8x8`. */
export function shape(sizes) {
  return sizes.length === 0 ? "scalar" : sizes.join("\u00d7");
}

/** A size in bytes. */
export function bytes(value) {
  const size = Number(value);
  if (size < 1024) return counted(size, "byte");
  if (size < 1 << 20) return `${real(Number((size / 1024).toPrecision(3)))} KiB`;
  return `${real(Number((size / (1 << 20)).toPrecision(3)))} MiB`;
}

/** How long ago a Unix time in seconds was. */
export function age(seconds, now = Date.now()) {
  const passed = Math.round(now / 1000 - seconds);
  // A devnet that makes blocks faster than one a second runs ahead of the clock.
  if (passed < -60) return `in ${span(-passed)}`;
  return passed < 2 ? "now" : `${span(passed)} ago`;
}

function span(seconds) {
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ];
  const [size, name] = units.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${name}`;
}

/** A Unix time in seconds as date and time of day. */
export function time(seconds) {
  return new Date(seconds * 1000).toLocaleString("en-GB", { timeZoneName: "short" });
}
