/**
 * A decimal number as an integer count of its `10^-places` parts: `('2.5', 6)` is 2500000n. Exact; a number with more
 * places than asked for is rounded up, because prices are never rounded in the buyer's favour.
 * @throws RangeError when `text` is not a plain decimal number ≥ 0.
 */
export function scaleDecimal(text: string, places: number): bigint {
  const plain = /[eE]/.test(text) ? expand(text) : text
  const match = /^(\d+)(?:\.(\d*))?$/.exec(plain)
  if (!match) throw new RangeError(`not a decimal number: ${text}`)
  const [, whole = '0', fraction = ''] = match
  const kept = fraction.slice(0, places).padEnd(places, '0')
  const more = /[1-9]/.test(fraction.slice(places)) ? 1n : 0n
  return BigInt(whole + kept) + more
}

/** `1.5e-7` without its exponent. */
function expand(text: string): string {
  const match = /^(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text)
  if (!match) throw new RangeError(`not a decimal number: ${text}`)
  const [, whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? digits.padEnd(point, '0')
    : `${digits.slice(0, point)}.${digits.slice(point)}`
}
