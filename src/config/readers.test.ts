import { describe, expect, test } from 'vitest'
import { ConfigError, exitCodeFor, SETTINGS } from './index.ts'
import { DomainError } from '../lib/index.ts'

const read = (name: keyof typeof SETTINGS, text: string): unknown => SETTINGS[name].read(name, text)

describe('a setting is read', () => {
  test.each([
    ['TRUST_PROXY', 'off', false],
    ['TRUST_PROXY', '0', false],
    ['TRUST_PROXY', '2', 2],
    ['TRUST_PROXY', '10.0.0.0/8, fd00::/8,127.0.0.1', ['10.0.0.0/8', 'fd00::/8', '127.0.0.1']],
    ['TRUST_PROXY', 'loopback', ['loopback']],
    ['CORS_ORIGINS', '*', ['*']],
    [
      'CORS_ORIGINS',
      'https://A.example/, http://localhost:3000',
      ['https://a.example', 'http://localhost:3000'],
    ],
    ['PRICE_REFRESH', 'on', true],
    ['ADMIN_LISTEN', 'off', undefined],
    ['ADMIN_LISTEN', '[::1]:90', { host: '::1', port: 90 }],
    ['BTC_USD', 'off', 'off'],
    ['BTC_USD', '', undefined],
    ['BTC_USD', '95000.50', { centsPerBtc: 9_500_050n }],
    ['MARGIN', '7.5%', 750],
    ['MINTS', ' https://m.example/ ,, https://n.example/x ', ['https://m.example', 'https://n.example/x']],
    ['PUBLIC_URL', 'https://ai.example/farebox/', 'https://ai.example/farebox'],
  ] as const)('%s=%s', (name, text, value) => {
    expect(read(name, text)).toEqual(value)
  })

  test.each([
    ['TRUST_PROXY', 'on'],
    ['TRUST_PROXY', '11'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '::/129'],
    ['TRUST_PROXY', '10.0.0.0/8/8'],
    ['TRUST_PROXY', 'proxy.example'],
    ['CORS_ORIGINS', '*,https://a.example'],
    ['CORS_ORIGINS', 'a.example'],
    ['CORS_ORIGINS', 'https://a.example/b'],
    ['CORS_ORIGINS', 'null'],
    ['PRICE_REFRESH', 'yes'],
    ['ADMIN_LISTEN', '127.0.0.1'],
    ['ADMIN_LISTEN', '127.0.0.1:65536'],
    ['BTC_USD', '-1'],
    ['BTC_USD', '1e6'],
    ['MARGIN', '1000.01%'],
    ['MARGIN', 'ten'],
    ['MINTS', 'https://m.example,file:///etc'],
    ['PUBLIC_URL', 'https://me:hunter2@ai.example'],
    ['NAME', 'two\nlines'],
  ] as const)('%s=%s is refused with a sentence that names it', (name, text) => {
    expect(() => read(name, text)).toThrow(ConfigError)
    expect(() => read(name, text)).toThrow(new RegExp(`^FAREBOX_${name} .*Write `))
    expect(() => read(name, text)).not.toThrow(/hunter2/)
  })
})

const codeFor = (code: string): number => exitCodeFor(new DomainError(code, ''))

test('the process ends with 78 for what only a changed setting cures, and with 1 for all else', () => {
  const configuration = ['setting_invalid', 'setting_unknown', 'upstream_invalid', 'price_file_invalid']
  expect(configuration.map(codeFor)).toEqual([78, 78, 78, 78])
  expect(exitCodeFor(new ConfigError('MARGIN', 'is ten.'))).toBe(78)
  expect(['directory_locked', 'schema_too_new', 'address_in_use'].map(codeFor)).toEqual([1, 1, 1])
  expect(exitCodeFor(new TypeError('x'))).toBe(1)
})
