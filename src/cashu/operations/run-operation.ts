import { assert } from '../../lib/index.ts'
import { type EndState, type Event, isEnd, machine, type State, type Step } from './machine.ts'

/** What each step does. It is told the state it runs in, and says what it found out. */
export type Steps = Readonly<Record<Step, (state: State) => Promise<Event>>>

/** The one loop: starting, resuming and retrying are all this, from different states. */
export async function runOperation(
  from: State,
  steps: Steps,
  onState: (state: State) => void = () => undefined,
): Promise<EndState> {
  let state = from
  while (!isEnd(state)) {
    const row = machine[state]
    const event = await steps[row.step](state)
    const next = row.on[event]
    assert(next, `an operation that is ${state} cannot be ${event}`)
    state = next
    onState(state)
  }
  return state
}
