import { type Check, failed, type Finding, good, warning } from '../report.ts'
import type { DoctorRooms } from '../rooms.ts'

/** With fewer feeds one more failure may be the end of it. */
const FEEDS_MIN = 4
const AGE_WARN_MS = 10 * 60_000
const CURE =
  'Let the node reach the feeds (farebox config egress lists them), or write FAREBOX_BTC_USD=<dollars>.'

export function rateCheck(rooms: Pick<DoctorRooms, 'rate' | 'clock'>): Check {
  return { name: 'exchange rate', look: () => lookAtRate(rooms) }
}

async function lookAtRate({ rate, clock }: Pick<DoctorRooms, 'rate' | 'clock'>): Promise<Finding> {
  await rate.refresh()
  const failing = rate.feeds().flatMap(({ name, lastError }) => (lastError ? `${name} ${lastError}` : []))
  const trouble = failing.length === 0 ? '' : `; ${failing.join(', ')}`
  const current = rate.current()
  if (current === undefined) return failed(`${excuseOf(rate)}${trouble}`, CURE)
  const { at, feeds } = current
  const price = `${dollars(current.rate.centsPerBtc)} for a bitcoin`
  if (feeds.length === 0) return good(`${price}, fixed`)
  const age = clock.now() - at
  const found = `${price}, agreed on by ${feeds.length} feeds ${agoOf(age)} ago${trouble}`
  return feeds.length < FEEDS_MIN || age > AGE_WARN_MS ? warning(found, CURE) : good(found)
}

function excuseOf(rate: DoctorRooms['rate']): string {
  try {
    rate.rate()
    return 'There is no price of bitcoin'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function dollars(cents: bigint): string {
  return `$${(Number(cents) / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })}`
}

function agoOf(ms: number): string {
  return ms < 120_000 ? `${Math.max(0, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`
}
