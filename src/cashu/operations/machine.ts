/** Where an operation is. All but the last three are `saved` in the database: which step ran last is not worth knowing. */
export type State =
  | 'saved'
  | 'repeated'
  | 'doubtful'
  | 'stale'
  | 'doomed'
  | 'unsigned'
  | 'outdated'
  | 'replaceable'
  | 'spent'
  | 'waiting'
  | 'signed'
  | 'failed'
  | 'wrong'
  | EndState
export type EndState = 'done' | 'refused' | 'attention'

/** What is done in a state; each is one request to the mint, one transaction, or a pause. */
export type Step = 'post' | 'restore' | 'check' | 'replan' | 'pause' | 'commit' | 'refuse' | 'flag'

/** What a step found out. */
export type Event =
  | 'signed'
  | 'misigned'
  | 'partlySigned'
  | 'unsigned'
  | 'refused'
  | 'doomed'
  | 'stale'
  | 'unclear'
  | 'spent'
  | 'unspent'
  | 'replanned'
  | 'unchanged'
  | 'paused'
  | 'committed'
  /** A swap of our own coins cannot be refused; somebody has to look at it. */
  | 'impossible'

interface Row {
  readonly step: Step
  readonly on: Partial<Record<Event, State>>
  /** Where a restart takes it up. */
  readonly recover: State
}

const RESTORED = { signed: 'signed', misigned: 'wrong', partlySigned: 'wrong', unclear: 'waiting' } as const
const again = 'repeated'

/**
 * The life of a swap (knowledge of it in the README). Only signatures on our outputs prove that it took place. That it
 * did not is proven by: an input that is SPENT and still no signature; a refusal of the only copy ever sent; a code that
 * no executed copy can have, with no signature.
 */
export const machine: Readonly<Record<Exclude<State, EndState>, Row>> = {
  saved: {
    step: 'post',
    on: {
      signed: 'signed',
      misigned: 'doubtful',
      refused: 'failed',
      doomed: 'failed',
      stale: 'stale',
      unclear: 'doubtful',
    },
    recover: again,
  },
  repeated: {
    step: 'post',
    on: {
      signed: 'signed',
      misigned: 'doubtful',
      refused: 'doubtful',
      doomed: 'doomed',
      stale: 'stale',
      unclear: 'doubtful',
    },
    recover: again,
  },
  doubtful: { step: 'restore', on: { ...RESTORED, unsigned: 'unsigned' }, recover: again },
  stale: { step: 'restore', on: { ...RESTORED, unsigned: 'outdated' }, recover: again },
  doomed: { step: 'restore', on: { ...RESTORED, unsigned: 'failed' }, recover: again },
  unsigned: { step: 'check', on: { spent: 'spent', unspent: 'waiting', unclear: 'waiting' }, recover: again },
  outdated: {
    step: 'check',
    on: { spent: 'spent', unspent: 'replaceable', unclear: 'waiting' },
    recover: again,
  },
  replaceable: {
    step: 'replan',
    on: { replanned: 'repeated', unchanged: 'waiting', refused: 'failed', unclear: 'waiting' },
    recover: again,
  },
  spent: { step: 'restore', on: { ...RESTORED, unsigned: 'failed' }, recover: again },
  waiting: { step: 'pause', on: { paused: 'repeated' }, recover: again },
  signed: { step: 'commit', on: { committed: 'done' }, recover: again },
  failed: { step: 'refuse', on: { committed: 'refused', impossible: 'wrong' }, recover: again },
  wrong: { step: 'flag', on: { committed: 'attention' }, recover: again },
}

export function isEnd(state: State): state is EndState {
  return !(state in machine)
}
