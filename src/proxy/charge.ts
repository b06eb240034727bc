import { type UsageFacts, usageRecord } from '../analytics/index.ts'
import {
  boundUsage,
  costOf,
  estimateUsage,
  type Offer,
  type Quote,
  type Route,
  upstreamCost,
} from '../catalog/index.ts'
import { type AskedRequest, type Delivered, type Usage, USAGE_NAMES } from '../dialects/index.ts'
import { minMsat, type Msat, msatToUsd, subMsat, ZERO } from '../money/index.ts'
import { type Charge, type Ending, nothingOwed } from './charge-and-ending.ts'

/** What is known of a call to a model when it has ended. */
export interface ModelReading {
  readonly ending: Ending
  /** Whether pieces left for the caller while they came. */
  readonly wasLive: boolean
  readonly reported: Usage | undefined
  /** Counted when it is first asked for, which a usable report spares. */
  readonly delivered: Delivered
  /** The route that served last; undefined where none was reached. */
  readonly route: Route | undefined
}

export interface ModelTermsOfCall {
  readonly asked: Pick<AskedRequest, 'inputEstimate'>
  readonly offer: Offer
  /** Names the offer in the offer book. */
  readonly digest: string
  readonly bounds: Quote['bounds']
}

/** What a call to a model owes: its cost at the price shown when it began, never more than was set aside. Pure. */
export function chargeFor(call: ModelTermsOfCall, args: { held: Msat; reading: ModelReading }): Charge {
  const { held, reading } = args
  const counted = usageOf(call, reading)
  if (!counted) return nothingOwed(recordOf(call, reading, UNCOUNTED))
  const { usage, estimated } = counted
  const cost = costOf(call.offer, usage, estimated)
  const msat = minMsat(cost.msat, held)
  const inputMsat = minMsat(cost.inputMsat, msat)
  const [shown] = call.offer.routes
  const { route = shown } = reading
  const upstreamPicoUsd = route === shown ? cost.picoUsd : upstreamCost(route, usage)
  return {
    msat,
    inputMsat,
    outputMsat: subMsat(msat, inputMsat),
    usd: msatToUsd(msat, call.offer.rate),
    estimated,
    upstreamPicoUsd,
    record: recordOf(call, reading, {
      usage,
      estimated,
      picoUsd: cost.picoUsd,
      upstreamPicoUsd,
      charge: msat,
    }),
  }
}

type Counted = Pick<UsageFacts, 'usage' | 'estimated' | 'picoUsd' | 'upstreamPicoUsd' | 'charge'>
const UNCOUNTED: Counted = {
  usage: undefined,
  estimated: false,
  picoUsd: 0n,
  upstreamPicoUsd: 0n,
  charge: ZERO,
}

function recordOf({ digest }: ModelTermsOfCall, reading: ModelReading, counted: Counted): string {
  const { usage, estimated, picoUsd, upstreamPicoUsd, charge } = counted
  return usageRecord({
    sold: { offer: digest },
    upstream: reading.route?.upstreamId,
    ending: reading.ending,
    usage,
    estimated,
    picoUsd,
    upstreamPicoUsd,
    charge,
  })
}

/** The units to charge, or undefined where nothing is owed. */
function usageOf(
  call: ModelTermsOfCall,
  reading: ModelReading,
): { usage: Usage; estimated: boolean } | undefined {
  if (!isOwed(reading)) return undefined
  const { reported } = reading
  const isUsable = reported && (hasCounts(reported) || !reading.delivered.hasContent)
  if (isUsable) {
    const once = reported.requests === 1 ? reported : { ...reported, requests: 1 }
    return { usage: boundUsage(once, call.bounds), estimated: false }
  }
  return { usage: estimateUsage(call.asked, reading.delivered, call.bounds), estimated: true }
}

function isOwed(reading: ModelReading): boolean {
  const { ending, wasLive } = reading
  if (ending === 'complete' || ending === 'left') return true
  return ending === 'cut' && wasLive && reading.delivered.hasContent
}

/** Zero for an answer that had content is as good as no report: what went out is never free. */
function hasCounts(usage: Usage): boolean {
  return USAGE_NAMES.some((name) => name !== 'requests' && usage[name] > 0)
}
