import { type ConditionalPrice, type ModelPrice } from '@pydantic/genai-prices'

const DAY_MS = 86_400_000

/** Prices that hold now, and until when they do. */
interface CurrentPrices {
  readonly prices: ModelPrice
  /** Unix milliseconds, or Infinity. */
  readonly validUntil: number
}

/** Of prices bound to dates and hours (UTC): the last in the list whose condition holds at `now`, else the first. */
export function currentPrices(all: readonly ConditionalPrice[] | ModelPrice, now: number): CurrentPrices {
  if (!isList(all)) return { prices: all, validUntil: Infinity }
  const chosen = all.findLast((entry) => holds(entry, now)) ?? all[0]
  return { prices: chosen?.prices ?? {}, validUntil: Math.min(...all.map((entry) => nextChange(entry, now))) }
}

function isList(all: readonly ConditionalPrice[] | ModelPrice): all is readonly ConditionalPrice[] {
  return Array.isArray(all)
}

function holds({ constraint }: ConditionalPrice, now: number): boolean {
  if (constraint === undefined) return true
  if (constraint.type === 'start_date') return now >= Date.parse(constraint.start_date)
  const time = now % DAY_MS
  const [start, end] = [timeOfDay(constraint.start_time), timeOfDay(constraint.end_time)]
  return end < start ? time >= start || time < end : time >= start && time < end
}

/** The next moment at which an entry's condition can turn. */
function nextChange({ constraint }: ConditionalPrice, now: number): number {
  if (constraint === undefined) return Infinity
  if (constraint.type === 'start_date') {
    const start = Date.parse(constraint.start_date)
    return start > now ? start : Infinity
  }
  const midnight = now - (now % DAY_MS)
  const edges = [timeOfDay(constraint.start_time), timeOfDay(constraint.end_time)]
  return Math.min(...edges.map((edge) => midnight + (midnight + edge > now ? edge : edge + DAY_MS)))
}

/** `01:30:00Z` in milliseconds after midnight UTC. */
function timeOfDay(text: string): number {
  return Date.parse(`1970-01-01T${/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`}`) % DAY_MS
}
