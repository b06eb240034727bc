import { existsSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { describe, expect, test } from 'vitest'
import config, { realMint } from '../config/vitest.ts'
import { PROMISES, titlePattern } from './support/promises.ts'

/** That each of these tests passed is checked by `.ci/run`, from the report of the run (`support/check-promises.ts`). */
const proofs = PROMISES.flatMap((one) => one.proofs)
const globs = includesOf([config, realMint])

describe('the promises', () => {
  test('of this release are all here, each with a test', () => {
    expect(PROMISES.map(({ promise }) => promise)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(PROMISES.filter((one) => one.proofs.length === 0 && one.command === undefined)).toEqual([])
  })

  test.each(proofs.map((proof) => [proof.test, proof] as const))(
    'a test is there and runs: %s',
    (_, proof) => {
      const { file, test: title } = proof
      expect(existsSync(file), `${file} is gone`).toBe(true)
      expect(
        globs.some((glob) => matchesGlob(file, glob)),
        `no vitest project runs ${file}`,
      ).toBe(true)
      const source = readFileSync(file, 'utf8')
      expect(titlesIn(source), `${file} has no such test`).toContain(title)
      expect(source, `${file} leaves tests out`).not.toMatch(LEFT_OUT)
    },
  )

  test.each(PROMISES.flatMap(({ command }) => (command === undefined ? [] : [command])))(
    'CI runs: %s',
    (command) => {
      expect(readFileSync('.ci/run', 'utf8')).toContain(command)
    },
  )

  test('a title stands for all titles that its table makes, and for no other', () => {
    expect('at call.held (stream: true)').toMatch(titlePattern('at $failpoint (stream: $isStream)'))
    expect('status_500, whole').toMatch(titlePattern('%s, whole'))
    expect('status_500, streamed').not.toMatch(titlePattern('%s, whole'))
    expect(titlesIn("test.each(rows)(\n  'a %s',\n  () => {})\ntest('b', async () => {})")).toEqual([
      'a %s',
      'b',
    ])
    expect(LEFT_OUT.test("test.skip('b', () => {})")).toBe(true)
    expect(LEFT_OUT.test("describe.only('b', () => {})")).toBe(true)
  })
})

const LEFT_OUT = /\b(?:test|describe)(?:\.\w+)*\.(?:skip|todo|only|skipIf|runIf|fails)\b/

/** The first arguments of calls that look like a test's: `('title', …`. */
function titlesIn(source: string): string[] {
  return [
    ...source.matchAll(/\(\s*(['`])((?:(?!\1)[^\\\n]|\\.)+)\1,\s*(?:async\b|\(|_|\w+\s*=>|\w+\))/g),
  ].map(([, , title]) => (title ?? '').replaceAll(/\\(.)/g, '$1'))
}

/** The `include` of every project below a configuration. */
function includesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(includesOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    name === 'include' && Array.isArray(member)
      ? member.filter((glob) => typeof glob === 'string')
      : includesOf(member),
  )
}
