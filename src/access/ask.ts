import { type Msat, maxMsat, minMsat } from '../money/index.ts'

/** What a visit may cost. All amounts without the mint's fee. */
export interface Ask {
  /** The least that the call can be served for at all. */
  readonly floor: Msat
  /** The least that admits the call. */
  readonly gate: Msat
  /** The same for a payer who pays his mint's fee out of what he brings. */
  gateWith(fee: Msat): Msat
  /** The most it can cost. */
  readonly ceiling: Msat
  /** What the clients of the network compute for it; a payer who brings that is not sent away with a clamped call. */
  readonly formula: Msat
  /** The same by a count that takes longer and is closer to the truth; asked for by who is short by this one. */
  tightened(): Promise<Ask>
  /** The model or the route that is sold, for messages. */
  readonly what: string
}

/** What a caller is told to bring: enough for the whole call, but never more than his own client would compute. */
export function requiredFor({ gate, ceiling, formula }: Ask): Msat {
  return maxMsat(gate, minMsat(ceiling, formula))
}
