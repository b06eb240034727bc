import type { Clock } from '../../../lib/index.ts'
import { ask } from '../ask.ts'
import { type Check, failed, type Finding, good, warning } from '../report.ts'

const WARN_MS = 5_000
const FAIL_MS = 60_000
/** A `Date` header has whole seconds: it was half a second ago on average. */
const HALF_SECOND_MS = 500

/** Compares the clock with the `Date` headers of servers that the node talks to anyway. */
export function clockCheck({ clock, urls }: { clock: Clock; urls: readonly string[] }): Check {
  return {
    name: 'clock',
    look: async () => {
      const found = await Promise.all(urls.map((url) => aheadOf(url, clock).catch(() => undefined)))
      return judgeClock(found.filter((ms) => ms !== undefined))
    },
  }
}

/** How far the clock is ahead of a server's, in ms. */
async function aheadOf(url: string, clock: Clock): Promise<number | undefined> {
  const sent = clock.now()
  const { headers } = await ask(url)
  const theirs = Date.parse(headers.date ?? '')
  if (Number.isNaN(theirs)) return undefined
  return (sent + clock.now()) / 2 - (theirs + HALF_SECOND_MS)
}

/** `aheads`: what the clock is ahead of each server, in ms. */
export function judgeClock(aheads: readonly number[]): Finding {
  if (aheads.length === 0) {
    return warning(
      'No mint or upstream said what time it is, so the clock was not compared',
      'Mend the way to a mint or an upstream first.',
    )
  }
  const ahead = median(aheads)
  const off = Math.abs(ahead)
  const servers = aheads.length === 1 ? '1 server' : `${aheads.length} servers`
  if (off < WARN_MS) return good(`Within ${WARN_MS / 1000} s of ${servers}`)
  const found = `It is ${Math.round(off / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} ${servers}`
  const cure =
    'Switch time synchronisation on (timedatectl set-ntp true), as locked ecash, certificates and prices by the hour go by the clock.'
  return off < FAIL_MS ? warning(found, cure) : failed(found, cure)
}

/** The middle one; of two middle ones that nearer to zero, because a clock that a server agrees with is likely right. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = 0, high = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ]
  return Math.abs(low) < Math.abs(high) ? low : high
}
