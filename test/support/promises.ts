/** A test that would fail if a promise were false: its file, and its title as it is written there. */
export interface Proof {
  readonly file: string
  readonly test: string
}

export interface Promised {
  readonly promise: number
  /** In short; the whole sentence stands in docs/promises.md. */
  readonly says: string
  readonly proofs: readonly Proof[]
  /** What `.ci/run` runs for it beside the tests. */
  readonly command?: string
}

/** The promises of Farebox, each with the tests that hold it to its word. */
export const PROMISES: readonly Promised[] = []

/** A title as it is written, as a pattern of the titles that a run reports: `%s` and `$name` stand for anything. */
export function titlePattern(title: string): RegExp {
  const parts = title.split(/%[sdifjoO#%]|\$[\w.]+/)
  const quoted = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${quoted.join('[^]+')}$`)
}
