/**
 * Real numbers to and from words of 18 decimals, and words to and from tensor elements: the exact rational
 * value rounded to the nearest integer, a half towards plus infinity (`docs/numerics.md`).
 */

import { formatUnits } from "viem";

/** 10^18: one, as a word. */
export const WAD = 10n ** 18n;

const DECIMALS = 18;
const DECIMAL_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
/** IEEE 754 double: bits of the fraction, and what is subtracted from the exponent's field. */
const FRACTION_BITS = 52n;
const EXPONENT_BIAS = 1075n;

/** What an element stands for: `(element - zeroPoint) * numerator / denominator`. */
export interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly zeroPoint: bigint;
}

/** `numerator / denominator` to the nearest integer, a half towards plus infinity; `denominator` is positive. */
function nearest(numerator: bigint, denominator: bigint): bigint {
  const doubled = 2n * numerator + denominator;
  const divisor = 2n * denominator;
  const quotient = doubled / divisor;
  // `/` rounds towards zero.
  return doubled < 0n && quotient * divisor !== doubled ? quotient - 1n : quotient;
}

/** The word nearest to the exact value of a double; `undefined` for NaN and infinities. */
export function wordOfNumber(value: number): bigint | undefined {
  if (!Number.isFinite(value)) return undefined;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const field = bits >> FRACTION_BITS;
  const fraction = bits & ((1n << FRACTION_BITS) - 1n);
  const isNormal = field !== 0n;
  const magnitude = isNormal ? fraction | (1n << FRACTION_BITS) : fraction;
  const exponent = (isNormal ? field : 1n) - EXPONENT_BIAS;
  const mantissa = value < 0 ? -magnitude : magnitude;
  return exponent < 0n
    ? nearest(mantissa * WAD, 1n << -exponent)
    : (mantissa * WAD) << exponent;
}

/** The word nearest to a decimal number such as `"-0.25"`; `undefined` if the text is none. */
export function wordOfDecimal(text: string): bigint | undefined {
  if (!DECIMAL_NUMBER.test(text)) return undefined;
  const [whole = "", decimals = ""] = text.replace(/^[+-]/, "").split(".");
  const magnitude = BigInt(whole + decimals) * WAD;
  const numerator = text.startsWith("-") ? -magnitude : magnitude;
  return nearest(numerator, 10n ** BigInt(decimals.length));
}

/** The double nearest to a word. */
export function numberOfWord(word: bigint): number {
  return Number(formatUnits(word, DECIMALS));
}

/** The element that a word stands for, in or out of its type's range. */
export function elementOfWord(word: bigint, scale: Scale): bigint {
  return nearest(word * scale.denominator, WAD * scale.numerator) + scale.zeroPoint;
}

/** The word that an element stands for. */
export function wordOfElement(element: bigint, scale: Scale): bigint {
  return nearest((element - scale.zeroPoint) * scale.numerator * WAD, scale.denominator);
}
