import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { collect } from './env.ts'
import { definitions, readConfig, upstreamDefinitions } from './index.ts'

const text = readFileSync(join(import.meta.dirname, '../../config/example.env'), 'utf8')
/** The example with every line taken into use. */
const example = parseEnv(text.replaceAll(/^#(?=FAREBOX_)/gm, ''))
const names = [
  ...definitions.map(({ name }) => `FAREBOX_${name}`),
  ...upstreamDefinitions.map(({ name }) => `FAREBOX_UPSTREAM_MAIN_${name}`),
]

describe('the table of settings', () => {
  test('has every name once, each with a sentence', () => {
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(15)
    for (const { describes } of [...definitions, ...upstreamDefinitions])
      expect(describes).toMatch(/^[A-Z].*\.$/)
  })

  test.each([...definitions, ...upstreamDefinitions])('$name: its example can be read', (one) => {
    expect(() => one.read(one.name, one.example)).not.toThrow()
  })

  test.each(definitions)('$name: what counts where nothing is set can be read', (one) => {
    expect(() => one.read(one.name, one.byDefault)).not.toThrow()
  })

  test('config/example.env has the same names, and is a configuration where each of them is taken into use', () => {
    const { FAREBOX_SECRET_KEY: key, ...rest } = example
    expect(Object.keys(example).toSorted()).toEqual(names.toSorted())
    expect(key).toBeDefined()
    const config = readConfig(collect(rest))
    expect(config).toMatchObject({ marginBp: 1000, btcUsd: { centsPerBtc: 9_500_000n }, trustProxy: 1 })
    expect(config.upstreams).toMatchObject([{ id: 'main', type: 'openrouter', marginBp: 1500 }])
  })

  test('nothing set is a configuration, which contacts nobody by itself', () => {
    expect(readConfig(new Map())).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      adminListen: { host: '127.0.0.1', port: 8081 },
      trustProxy: false,
      marginBp: 0,
      btcUsd: undefined,
      mints: [],
      upstreams: [],
      corsOrigins: ['*'],
      refreshesPrices: false,
      publicUrl: undefined,
    })
  })
})
