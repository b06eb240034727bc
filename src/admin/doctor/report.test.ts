import { describe, expect, test } from 'vitest'
import { type DoctorReport, renderDoctor } from './index.ts'
import { failed, good, perform, together, warning } from './report.ts'

describe('a check', () => {
  test('that throws has failed, and says what it threw', async () => {
    const check = { name: 'x', look: () => Promise.reject(new Error('no such file')) }
    expect(await perform(check, 1000)).toMatchObject({
      ok: false,
      found: expect.stringContaining('no such file'),
      cure: expect.stringMatching(/\w/),
    })
  })

  test('that never comes back has failed', async () => {
    const check = { name: 'x', look: () => new Promise<never>(() => undefined) }
    expect(await perform(check, 20)).toMatchObject({ ok: false, state: 'failed' })
  })

  test('with a warning has not failed', async () => {
    expect(await perform({ name: 'x', look: () => warning('slow', 'hurry') }, 1000)).toMatchObject({
      ok: true,
      state: 'warning',
    })
  })

  test('of several looks is as bad as the worst, whatever their order', () => {
    const [fine, slow, dead] = [good('a'), warning('b', 'B.'), failed('c', 'C.')]
    expect(together([dead, slow, fine])).toEqual({ state: 'failed', found: 'c; b; a', cure: 'C. B.' })
    expect(together([fine, slow])).toEqual({ state: 'warning', found: 'a; b', cure: 'B.' })
    expect(together([fine, fine])).toEqual({ state: 'ok', found: 'a; a' })
  })
})

describe('the report on a terminal', () => {
  const check = { name: 'disk', ok: true, state: 'ok', found: 'fine', ms: 3 } as const

  test('shows each cure below what it cures, and says at the end how many failed', () => {
    const report: DoctorReport = {
      ok: false,
      checks: [
        check,
        { ...check, name: 'clock', state: 'warning', found: 'late', cure: 'Set it.', ms: 1234 },
        { ...check, name: 'mint', ok: false, state: 'failed', found: 'gone', cure: 'Find it.' },
      ],
    }
    expect(renderDoctor(report).split('\n')).toEqual([
      'ok    disk   fine',
      'WARN  clock  late (1.2 s)',
      '      → Set it.',
      'FAIL  mint   gone',
      '      → Find it.',
      '',
      '1 of 3 checks failed, 1 with a warning.',
    ])
  })

  test('says so when all is well', () => {
    expect(renderDoctor({ ok: true, checks: [check] })).toMatch(/\n1 checks? passed\.$/)
  })
})
