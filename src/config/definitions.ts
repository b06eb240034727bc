import {
  optional,
  readBtcUsd,
  readDirectory,
  readListen,
  readList,
  readLogLevel,
  readMargin,
  readOnOff,
  readOrigins,
  readSeconds,
  readSecrets,
  readText,
  readTimeout,
  readTrustProxy,
  readUrl,
  readUrls,
  unlessOff,
} from './readers.ts'
import type { SettingDefinition } from './setting.ts'

type Described<T> = Pick<SettingDefinition<T>, 'name' | 'example' | 'describes' | 'read'> & {
  readonly byDefault?: string
  readonly isSecret?: boolean
}

function process<T>(described: Described<T>): SettingDefinition<T> {
  return { kind: 'process', isSecret: false, byDefault: '', ...described }
}

function live<T>(described: Described<T>): SettingDefinition<T> {
  return { kind: 'live', isSecret: false, byDefault: '', ...described }
}

/** Every setting that can be told to an operator, each once. What reads, refuses, shows and documents them follows from here. */
export const SETTINGS = {
  MINTS: live({
    name: 'MINTS',
    example: 'https://mint.example,https://other-mint.example',
    describes:
      'Mints whose ecash is taken, comma-separated, in the unit sat. One that is taken off takes no new ecash; what it owes and what it is owed goes on.',
    read: readUrls,
  }),
  BTC_USD: live({
    name: 'BTC_USD',
    example: '95000',
    describes:
      'Dollars for one bitcoin. Unset, the price is asked of public feeds; `off` asks nobody and sells nothing that is priced in dollars.',
    read: optional((name, text) => (text === 'off' ? text : readBtcUsd(name, text))),
  }),
  MARGIN: live({
    name: 'MARGIN',
    byDefault: '0%',
    example: '10%',
    describes:
      'What is added to the prices of every upstream that has no margin of its own, from 0% to 1000%.',
    read: readMargin,
  }),
  NAME: live({
    name: 'NAME',
    byDefault: 'Farebox node',
    example: 'Corner shop',
    describes: 'The name that the node shows.',
    read: readText,
  }),
  DESCRIPTION: live({
    name: 'DESCRIPTION',
    byDefault: 'AI models, paid per request in ecash',
    example: 'Open models from a shed in the Alps',
    describes: 'One line about the node.',
    read: readText,
  }),
  PUBLIC_URL: live({
    name: 'PUBLIC_URL',
    example: 'https://ai.example',
    describes: 'Where callers reach the node, when that is not the address it listens on. May have a path.',
    read: optional(readUrl),
  }),
  ALLOW_FIELDS: live({
    name: 'ALLOW_FIELDS',
    example: 'seed_pool,trace_tag',
    describes:
      'Top-level request fields that may go up to upstreams beyond the usual ones, comma-separated. A field that can cost money and has no price makes you pay for it.',
    read: readList,
  }),
  CORS_ORIGINS: live({
    name: 'CORS_ORIGINS',
    byDefault: '*',
    example: 'https://chat.example,http://localhost:3000',
    describes: 'Web pages that may call the node from a browser: `*` for all, or origins, comma-separated.',
    read: readOrigins,
  }),
  PRICE_REFRESH: live({
    name: 'PRICE_REFRESH',
    byDefault: 'off',
    example: 'on',
    describes:
      'Whether a third party is asked for newer price lists while the node runs: `on` or `off`. Off, the lists that came with it count. An upstream that tells its own prices (OpenRouter) is asked for them either way.',
    read: readOnOff,
  }),
  LISTEN: process({
    name: 'LISTEN',
    byDefault: '127.0.0.1:8080',
    example: '0.0.0.0:8080',
    describes:
      'Address and port of the public listener. 127.0.0.1 is this machine only, 0.0.0.0 opens it to others.',
    read: readListen,
  }),
  ADMIN_LISTEN: process({
    name: 'ADMIN_LISTEN',
    byDefault: '127.0.0.1:8081',
    example: '127.0.0.1:9000',
    describes:
      'Address and port of the private listener: commands and `/metrics`. `off` for none. Do not open it to others.',
    read: unlessOff(readListen),
  }),
  TRUST_PROXY: process({
    name: 'TRUST_PROXY',
    byDefault: 'off',
    example: '1',
    describes:
      'Whose `X-Forwarded-…` headers are believed: `off`, the number of proxies in front, or their networks as CIDR, comma-separated.',
    read: readTrustProxy,
  }),
  DATA_DIR: process({
    name: 'DATA_DIR',
    byDefault: 'data',
    example: '/var/lib/farebox',
    describes: 'The directory of the database and the key file. It holds money.',
    read: readDirectory,
  }),
  SECRET_KEY: process({
    name: 'SECRET_KEY',
    isSecret: true,
    example: 'a line of secret.key, or 64 hex digits',
    describes:
      'The root key that seals ecash and secrets in the database: 32 random bytes as 64 hex digits. Several, comma-separated, are all known; the first one seals. Unset, it is the file secret.key in the data directory, made on the first start.',
    read: readSecrets,
  }),
  LOG_LEVEL: process({
    name: 'LOG_LEVEL',
    byDefault: 'info',
    example: 'warn',
    describes: 'The least of what is written to the log: debug, info, warn, error or silent.',
    read: readLogLevel,
  }),
  SHUTDOWN_GRACE: process({
    name: 'SHUTDOWN_GRACE',
    byDefault: '120',
    example: '30',
    describes: 'Seconds that running answers get to finish after SIGTERM.',
    read: readSeconds,
  }),
  CONNECT_TIMEOUT: process({
    name: 'CONNECT_TIMEOUT',
    byDefault: '5',
    example: '10',
    describes: 'Seconds that a connection to an upstream may take to come about.',
    read: readTimeout,
  }),
  FIRST_BYTE_TIMEOUT: process({
    name: 'FIRST_BYTE_TIMEOUT',
    byDefault: '120',
    example: '300',
    describes: 'Seconds that an upstream may take to the first byte of a streamed reply.',
    read: readTimeout,
  }),
  WHOLE_REPLY_TIMEOUT: process({
    name: 'WHOLE_REPLY_TIMEOUT',
    byDefault: '570',
    example: '300',
    describes:
      'Seconds that an upstream may take to a reply that is not streamed. Callers’ SDKs give up after 600 by themselves.',
    read: readTimeout,
  }),
  IDLE_TIMEOUT: process({
    name: 'IDLE_TIMEOUT',
    byDefault: '60',
    example: '120',
    describes: 'Seconds that an upstream may pause within a reply.',
    read: readTimeout,
  }),
  TOTAL_TIMEOUT: process({
    name: 'TOTAL_TIMEOUT',
    byDefault: '1800',
    example: '3600',
    describes: 'Seconds that a call may take in all.',
    read: readTimeout,
  }),
} as const

/** The last parts of `UPSTREAM_<ID>_…`, in which the id is the operator's choice. */
export const UPSTREAM_SETTINGS = {
  URL: process({
    name: 'URL',
    example: 'https://api.openai.com/v1',
    describes: 'Its base address, with its /v1. Needed.',
    read: readUrl,
  }),
  KEY: process({
    name: 'KEY',
    isSecret: true,
    example: 'sk-your-key-there',
    describes: 'Your API key there. Leave it out where none is needed.',
    read: readText,
  }),
  PRICES: process({
    name: 'PRICES',
    example: 'openai',
    describes:
      'Its prices: a provider of the built-in list (openai, openrouter, groq, mistral, …) or the path of a price file (*.json). Needed.',
    read: readText,
  }),
  TYPE: process({
    name: 'TYPE',
    byDefault: 'auto',
    example: 'openrouter',
    describes:
      'How to talk to it: openai, openrouter, azure, mistral, perplexity, or generic for what is compatible with OpenAI. auto tells by its host.',
    read: (_name, text) => text.toLowerCase(),
  }),
  MARGIN: process({
    name: 'MARGIN',
    example: '15%',
    describes: 'What is added to its prices. By default FAREBOX_MARGIN.',
    read: optional(readMargin),
  }),
} as const

export const definitions: readonly SettingDefinition[] = Object.values(SETTINGS)
export const upstreamDefinitions: readonly SettingDefinition[] = Object.values(UPSTREAM_SETTINGS)
