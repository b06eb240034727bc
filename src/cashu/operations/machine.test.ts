import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { drawMachine } from './draw.ts'
import { type Event, isEnd, machine, type State, type Step } from './machine.ts'
import { runOperation, type Steps } from './run-operation.ts'

const MAY_SAY: Readonly<Record<Step, readonly Event[]>> = {
  post: ['signed', 'misigned', 'refused', 'doomed', 'stale', 'unclear'],
  restore: ['signed', 'misigned', 'partlySigned', 'unsigned', 'unclear'],
  check: ['spent', 'unspent', 'unclear'],
  replan: ['replanned', 'unchanged', 'refused', 'unclear'],
  pause: ['paused'],
  commit: ['committed'],
  refuse: ['committed', 'impossible'],
  flag: ['committed'],
}

/** Steps that say these things in turn, and record what was done. */
function scripted(events: readonly Event[]): { steps: Steps; done: string[] } {
  const left = [...events]
  const done: string[] = []
  const step = (name: Step) => async (): Promise<Event> => {
    done.push(name)
    if (['commit', 'refuse', 'flag'].includes(name)) return 'committed'
    return left.shift() ?? 'unclear'
  }
  const names: Step[] = ['post', 'restore', 'check', 'replan', 'pause', 'commit', 'refuse', 'flag']
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all eight are named above
  return { steps: Object.fromEntries(names.map((name) => [name, step(name)])) as unknown as Steps, done }
}

/** Markdown without the padding of its tables. */
const plain = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')

describe('the machine of operations', () => {
  test('the table in the README is the one that runs', () => {
    expect(plain(readFileSync(new URL('../README.md', import.meta.url), 'utf8'))).toContain(
      plain(drawMachine()),
    )
  })

  test('every step’s every finding has a next state', () => {
    for (const [state, { step, on }] of Object.entries(machine))
      expect([state, Object.keys(on).toSorted()]).toEqual([state, [...MAY_SAY[step]].toSorted()])
  })

  test('an end is reached from everywhere, and never without asking for signatures after doubt', () => {
    const reaches = (state: State, seen = new Set<State>()): Set<State> => {
      if (isEnd(state) || seen.has(state)) return seen.add(state)
      seen.add(state)
      for (const next of Object.values(machine[state].on)) reaches(next, seen)
      return seen
    }
    expect(new Set(Object.values(machine).map(({ recover }) => recover))).toEqual(new Set(['repeated']))
    for (const end of ['done', 'refused', 'attention'] as const)
      expect([...reaches('repeated')]).toContain(end)
    const refusing = Object.entries(machine).filter(([, { on }]) => Object.values(on).includes('failed'))
    expect(refusing.map(([state]) => state).toSorted()).toEqual(['doomed', 'replaceable', 'saved', 'spent'])
  })

  test.each([
    [['signed'], 'done', 'post commit'],
    [['refused'], 'refused', 'post refuse'],
    [['unclear', 'signed'], 'done', 'post restore commit'],
    [['unclear', 'unsigned', 'spent', 'unsigned'], 'refused', 'post restore check restore refuse'],
    [['unclear', 'unsigned', 'spent', 'signed'], 'done', 'post restore check restore commit'],
    [['unclear', 'unsigned', 'unspent', 'paused', 'signed'], 'done', 'post restore check pause post commit'],
    [
      ['unclear', 'unsigned', 'unspent', 'paused', 'doomed', 'unsigned'],
      'refused',
      'post restore check pause post restore refuse',
    ],
    [
      ['stale', 'unsigned', 'unspent', 'replanned', 'signed'],
      'done',
      'post restore check replan post commit',
    ],
    [['misigned', 'misigned'], 'attention', 'post restore flag'],
  ] as const)('%j ends %s', async (events, end, path) => {
    const { steps, done } = scripted(events)
    expect(await runOperation('saved', steps)).toBe(end)
    expect(done.join(' ')).toBe(path)
  })
})
