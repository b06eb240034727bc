import type { AppOptions, Log } from './app.ts'
import { DomainError } from './lib/index.ts'
import { type BtcUsd, type MarginBp, scaleDecimal } from './money/index.ts'

/**
 * What `createNode` is told. The same as the FAREBOX_* settings, as values. Of what is not told, what the database in
 * `dataDir` says counts, else the default; the environment is not read.
 */
export interface NodeOptions {
  /** The folder of the database and of the key that seals it. It is made when it is not there, and holds money. */
  readonly dataDir: string
  /** Mints whose ecash is taken, as `https://mint.example`. */
  readonly mints: readonly string[]
  /** Where models are bought. None for an app that sells only its own routes. */
  readonly upstreams?: readonly UpstreamOptions[]
  /** What is added to every upstream's prices, as `'10%'`. Default `'0%'`. */
  readonly margin?: string
  /** Dollars for one bitcoin. Needed for models, whose prices are in dollars; not for routes priced in sat. */
  readonly btcUsd?: number
  readonly name?: string
  readonly description?: string
  /** Where callers reach the node, when that is not where it listens. */
  readonly publicUrl?: string
  /** Root keys of 32 bytes as 64 hex digits. Default: the file `secret.key` in `dataDir`, made on first start. */
  readonly secretKeys?: readonly string[]
  /** Request fields that may go up to upstreams beyond the usual ones. */
  readonly allowFields?: readonly string[]
  /** Takes one event at a time, for a log. Default: no log. */
  readonly log?: Log
}

export interface UpstreamOptions {
  /** Base URL with its `/v1`. */
  readonly url: string
  readonly key?: string
  /** A provider of the built-in price list, as `openai`, or the path of a price file. */
  readonly prices: string
  /** `openai`, `openrouter`, `azure`, `mistral`, `perplexity` or `generic`; `auto` (default) tells by its host. */
  readonly type?: string
  /** Its name in usage records. Default: its place in the list. */
  readonly id?: string
  /** Instead of the node's. */
  readonly margin?: string
}

/** @throws DomainError `setting_invalid`: a sentence that says which, and what to write */
export function readNodeOptions(options: NodeOptions): AppOptions {
  const { dataDir, secretKeys, name, description, publicUrl, allowFields, log } = options
  if (dataDir === '') throw invalid('dataDir', 'is empty. Name the folder that the money is kept in.')
  return {
    dataDir,
    mints: options.mints.map((mint) => readUrl('mints', mint)),
    upstreams: (options.upstreams ?? []).map(readUpstream),
    ...(options.margin !== undefined && { marginBp: readMargin(options.margin) }),
    // The feeds are for a node that was told to look for a price; an app that sells its own routes needs none.
    btcUsd: options.btcUsd === undefined ? 'off' : readBtcUsd(options.btcUsd),
    profile: {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(publicUrl !== undefined && { publicUrl: readUrl('publicUrl', publicUrl) }),
    },
    ...(secretKeys && { secretKeys }),
    ...(allowFields && { allowedFields: allowFields }),
    ...(log && { log }),
  }
}

function readUpstream(upstream: UpstreamOptions, order: number): AppOptions['upstreams'][number] {
  const { url, key, prices, type = 'auto', id = String(order + 1), margin } = upstream
  const marginBp = margin === undefined ? undefined : readMargin(margin)
  return { id, type, url: readUrl('upstreams', url), key, prices, marginBp, order }
}

function readMargin(text: string): MarginBp {
  const digits = /^(\d{1,4}(?:\.\d{1,2})?)\s*%$/.exec(text)?.[1]
  const margin = digits === undefined ? undefined : Number(scaleDecimal(digits, 2))
  if (margin === undefined || margin > 100_000)
    throw invalid('margin', `is ${text}. Write a percentage, as '10%'.`)
  return margin
}

function readBtcUsd(dollars: number): BtcUsd {
  if (!Number.isFinite(dollars) || dollars < 1000 || dollars > 100_000_000)
    throw invalid('btcUsd', `is ${dollars}. Write the dollars for one bitcoin, as 95000.`)
  return { centsPerBtc: BigInt(Math.round(dollars * 100)) }
}

function readUrl(name: string, text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
    throw invalid(name, `has ${text}, which is not a plain http(s) URL. Write it as https://host/path.`)
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function invalid(name: string, sentence: string): DomainError {
  return new DomainError('setting_invalid', `The option ${name} ${sentence}`)
}
