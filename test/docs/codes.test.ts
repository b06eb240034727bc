import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_GROUPS, INNER_CODES, START_ERRORS } from '../../scripts/docs/error-texts.ts'
import { definitions, upstreamDefinitions } from '../../src/config/index.ts'
import { PROBLEMS } from '../../src/http/index.ts'
import { writtenPages } from '../../scripts/generate-docs.ts'
import { codesIn, thrownCodes } from './support/thrown-codes.ts'

const root = join(import.meta.dirname, '../..')
const told = ERROR_GROUPS.flatMap(({ errors }) => Object.keys(errors))
const thrown = thrownCodes(join(root, 'src'))

describe('the codes of errors', () => {
  test('of answers are all told, each once', () => {
    const starting = Object.keys(START_ERRORS)
    expect(Object.keys(PROBLEMS).filter((code) => !told.includes(code) && !starting.includes(code))).toEqual(
      [],
    )
    expect(told.filter((code) => PROBLEMS[code] === undefined)).toEqual([])
    expect([...told, ...starting].filter((code, at, all) => all.indexOf(code) !== at)).toEqual([])
  })

  test('that the sources make are answered, or stop a start, or stay inside', () => {
    expect(thrown.length).toBeGreaterThan(60)
    const known = new Set([...told, ...Object.keys(START_ERRORS), ...INNER_CODES])
    expect(thrown.filter(({ code }) => !known.has(code))).toEqual([])
  })

  test('that are told are made somewhere', () => {
    const sources = new Set(thrown.map(({ code }) => code))
    const gone = [...Object.keys(START_ERRORS), ...INNER_CODES].filter((code) => !sources.has(code))
    expect(gone).toEqual([])
  })

  test('are found however an error is made', () => {
    expect(codesIn("throw new DomainError('one', 'A sentence, with a comma.')")).toEqual(['one'])
    expect(codesIn("new DomainError(isLate ? 'late' : 'early', say('now'))")).toEqual(['late', 'early'])
    expect(codesIn("new RefundedError(refund, { code: 'two', message })")).toEqual(['two'])
    expect(codesIn("const name = code === 'EX' ? 'four' : 'five'\nnew DomainError(name, say)")).toEqual([
      'four',
      'five',
    ])
    expect(codesIn("class Mine extends DomainError {\n constructor() {\n super('three', 'x')")).toEqual([
      'three',
    ])
  })
})

describe('what the pages say of settings', () => {
  const names = new Set(definitions.map(({ name }) => name))
  const members = new Set(upstreamDefinitions.map(({ name }) => name))

  test.each(writtenPages())('names only settings that exist: %s', (page) => {
    const text = readFileSync(join(root, page), 'utf8')
    const named = [...text.matchAll(/\bFAREBOX_([A-Z][A-Z_]*[A-Z])(?:_<ID>_([A-Z]+))?/g)]
    expect(named.map(([whole, name = '', member]) => [whole, isKnown(name, member)])).toEqual(
      named.map(([whole]) => [whole, true]),
    )
  })

  test('would be refused for a setting that does not exist', () => {
    expect([isKnown('MINT', undefined), isKnown('MINTS', undefined)]).toEqual([false, true])
  })

  function isKnown(name: string, member: string | undefined): boolean {
    const upstream = /^UPSTREAM_(?:[A-Z0-9]+_)*([A-Z]+)$/.exec(name)?.[1]
    const bare = name.replace(/_FILE$/, '')
    return names.has(bare) || members.has(member ?? upstream ?? '')
  }
})
