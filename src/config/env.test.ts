import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exitCodeFor, readConfig, readEnvironment } from './index.ts'
import { collect } from './env.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farebox-env-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return `${exitCodeFor(error)} ${error instanceof Error ? error.message : ''}`
  }
  return 'none'
}

describe('NAME_FILE', () => {
  test('is the text of a file, without the line break at its end, for the keys of upstreams too', () => {
    const key = file('key', 'sk-of-main\n')
    const found = collect({
      FAREBOX_UPSTREAM_MAIN_KEY_FILE: key,
      FAREBOX_SECRET_KEY_FILE: file('root', 'ab\n'),
    })
    expect(Object.fromEntries(found)).toEqual({ UPSTREAM_MAIN_KEY: 'sk-of-main', SECRET_KEY: 'ab' })
  })

  test.each(['SECRET_KEY', 'UPSTREAM_MAIN_KEY'])('%s: an empty file is not "not set"', (name) => {
    const path = file('empty', ' \n')
    expect(refusal(() => collect({ [`FAREBOX_${name}_FILE`]: path }))).toBe(
      `78 FAREBOX_${name}_FILE names the file ${path}, which is empty. Write the value into it, or take the setting away.`,
    )
  })

  test('a file that is not there, or cannot be read, is named with what to do', () => {
    const gone = join(folder, 'gone')
    expect(refusal(() => collect({ FAREBOX_SECRET_KEY_FILE: gone }))).toBe(
      `78 FAREBOX_SECRET_KEY_FILE names the file ${gone}, which is not there.`,
    )
    expect(refusal(() => collect({ FAREBOX_SECRET_KEY_FILE: folder }))).toMatch(
      /^78 .* cannot be read \(EISDIR\)\. Make it a file that the user Farebox runs as can read\.$/,
    )
  })
})

describe('.env', () => {
  test('is read where it is, and counts less than the environment', () => {
    const found = readEnvironment(file('.env', "FAREBOX_NAME='From the file'\nOTHER=1\n"))
    expect(found.get('NAME')).toBe('From the file')
    expect(readEnvironment(join(folder, 'none')).get('NAME')).toBeUndefined()
  })

  test('that cannot be read stops the start with a sentence, not with a stack', () => {
    const path = join(folder, '.env')
    mkdirSync(path)
    expect(refusal(() => readEnvironment(path))).toMatch(
      /^78 The file \/.*\.env cannot be read \(EISDIR\)\. Make it a file .*, or take it away\.$/,
    )
  })
})

describe('an unknown name', () => {
  test.each([
    ['MARGINS', 'MARGIN'],
    ['margin', 'MARGIN'],
    ['UPSTREAM_MAIN_KEYS', 'UPSTREAM_MAIN_KEY'],
    ['UPSTREM_MAIN_URL', 'UPSTREAM_MAIN_URL'],
    ['UPSTREAMS_MY_SHED_PRICES', 'UPSTREAM_MY_SHED_PRICES'],
    ['UPSTREAM_MAIN', 'UPSTREAM_MAIN_URL'],
    ['UPSTREAM_main_URL', 'UPSTREAM_MAIN_URL'],
  ])('%s is refused, and the name that is meant is said: %s', (name, meant) => {
    expect(refusal(() => readConfig(new Map([[name, 'x']])))).toBe(
      `78 FAREBOX_${name} is not a setting. Did you mean FAREBOX_${meant}?`,
    )
  })
})

function listeningAt(listen: string, admin: string): string {
  const settings = new Map([
    ['LISTEN', listen],
    ['ADMIN_LISTEN', admin],
  ])
  return refusal(() => readConfig(settings))
}

test('two listeners at one address are refused by name, and two free ports are not', () => {
  expect(listeningAt('127.0.0.1:9000', ':9000')).toBe(
    '78 FAREBOX_ADMIN_LISTEN is 127.0.0.1:9000, where FAREBOX_LISTEN is too. Give one of them another port.',
  )
  expect(listeningAt('127.0.0.1:0', '127.0.0.1:0')).toBe('none')
  expect(listeningAt('127.0.0.1:9000', 'off')).toBe('none')
  expect(listeningAt('127.0.0.2:9000', '127.0.0.1:9000')).toBe('none')
})
