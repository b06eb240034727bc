/** Names are compared by the pairs of letters in them; longer ones than this are nobody's model and not worth the time. */
const LONGEST = 100

/** Up to `most` of `names` that look like `wanted`, the most alike first. */
export function nearNames(wanted: string, names: Iterable<string>, most = 3): string[] {
  const pairs = pairsOf(wanted)
  return [...names]
    .map((name) => ({ name, score: likeness(pairs, pairsOf(name)) }))
    .filter(({ score }) => score >= 0.4)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ name }) => name)
}

/** Twice the shared pairs over all pairs: 1 for the same name, 0 for nothing in common. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size + b.size === 0) return 0
  let shared = 0
  for (const pair of a) if (b.has(pair)) shared += 1
  return (2 * shared) / (a.size + b.size)
}

function pairsOf(name: string): Set<string> {
  const text = name.slice(0, LONGEST).toLowerCase()
  const pairs = new Set<string>()
  for (let i = 0; i + 1 < text.length; i += 1) pairs.add(text.slice(i, i + 2))
  return pairs
}
