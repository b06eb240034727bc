import { version } from '../lib/index.ts'
import type { Provider } from './providers/index.ts'

/** What every request to an upstream carries, as undici's flat list. Nothing of a client's is ever added. */
export function requestHeaders(provider: Provider, key: string | undefined): string[] {
  return [
    'content-type',
    'application/json',
    'accept-encoding',
    'identity',
    'user-agent',
    `farebox/${version}`,
    ...Object.entries(provider.headers(key)).flat(),
  ]
}

type HeaderBag = Readonly<Record<string, string | string[] | undefined>>

/**
 * Reply headers that a caller may see. A list of what is allowed, since an upstream must not be able to set cookies,
 * ask our caller for money (x-cashu, payment-*, www-authenticate) or tell him about the operator's account and limits.
 */
const ALLOWED = ['content-type', 'retry-after', 'retry-after-ms'] as const

export function allowedHeaders(all: HeaderBag): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ALLOWED) {
    const value = first(all[name])
    if (value !== undefined) kept[name] = value
  }
  return kept
}

export function isEventStream(all: HeaderBag): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(first(all['content-type']) ?? '')
}

/** The coding of a body that is not plain, else undefined. */
export function foreignEncoding(all: HeaderBag): string | undefined {
  const encoding = first(all['content-encoding'])?.trim().toLowerCase()
  return encoding === undefined || encoding === '' || encoding === 'identity' ? undefined : encoding
}

/** When to come again, as the upstream wrote it. */
export function retryAfterOf(all: HeaderBag): string | undefined {
  return first(all['retry-after'])
}

/** The announced length of a body in bytes, where there is one. */
export function announcedLength(all: HeaderBag): number {
  return Number(first(all['content-length']) ?? 0)
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
