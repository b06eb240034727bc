import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines, type Watched } from './deadlines.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

class Counter implements Watched {
  slot = -1
  checks = 0
  leaves = false
  readonly #deadlines: Deadlines

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines
  }

  check(): void {
    this.checks += 1
    if (this.leaves) this.#deadlines.delete(this)
  }
}

test('each tick looks once at all who are there, also while some of them leave, and at nobody else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('add', 'delete', 'deleteTwice', 'leaveInTick', 'tick')),
      fc.nat(),
      (steps, pick) => {
        const deadlines = new Deadlines(10)
        const present: Counter[] = []
        const gone: Counter[] = []
        const expected = new Map<Counter, number>()
        for (const [i, step] of steps.entries()) {
          const at = present.length === 0 ? -1 : (pick + i) % present.length
          const one = present[at]
          if (step === 'add') {
            const counter = new Counter(deadlines)
            deadlines.add(counter)
            present.push(counter)
            expected.set(counter, 0)
          } else if (step === 'tick') {
            vi.advanceTimersByTime(10)
            for (const each of present) expected.set(each, (expected.get(each) ?? 0) + 1)
            gone.push(...present.filter((each) => each.leaves))
            present.splice(0, Infinity, ...present.filter((each) => !each.leaves))
          } else if (one && step === 'leaveInTick') one.leaves = true
          else if (one) {
            deadlines.delete(one)
            if (step === 'deleteTwice') deadlines.delete(one)
            gone.push(...present.splice(at, 1))
          }
        }
        deadlines.close()
        vi.advanceTimersByTime(100)
        for (const counter of [...present, ...gone]) expect(counter.checks).toBe(expected.get(counter))
      },
    ),
  )
})
