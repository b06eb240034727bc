import { type Check, failed, type Finding, good, warning } from '../report.ts'
import type { DoctorUpstream, UpstreamTrial } from '../rooms.ts'

export function upstreamChecks(upstreams: readonly DoctorUpstream[]): Check[] {
  if (upstreams.length === 0) {
    const none = failed(
      'No upstream is set, so there is no model to sell',
      'Write FAREBOX_UPSTREAM_MAIN_URL, _KEY and _PRICES, or run farebox upstreams add.',
    )
    return [{ name: 'upstreams', look: () => none }]
  }
  return upstreams.map((upstream) => ({ name: `upstream ${upstream.id}`, look: () => lookAtOne(upstream) }))
}

async function lookAtOne(upstream: DoctorUpstream): Promise<Finding> {
  if (!upstream.isEnabled) return good('Disabled, so it was not called')
  try {
    return judgeTrial(await upstream.test())
  } catch (error) {
    return failed(
      error instanceof Error ? error.message : String(error),
      `Look at what farebox upstreams list says of it; its address is ${upstream.url}.`,
    )
  }
}

/** What a call of one token says about the upstream. */
export function judgeTrial({ model, status, ms, problem, picoUsd }: UpstreamTrial): Finding {
  const isAnswered = status !== undefined && status >= 200 && status < 300
  // An answer that cannot be metered is still sold, by an estimate.
  if (problem) return (isAnswered ? warning : failed)(`${model}: ${problem.sentence}`, problem.cure)
  const took = `One token of ${model} came after ${Math.round(ms)} ms`
  if (picoUsd !== undefined) return good(`${took} and cost ${usd(picoUsd)}`)
  return warning(
    `${took}; it has no price, so it is not sold`,
    `Give it a price list that has ${model}, or a price of its own with farebox models rule.`,
  )
}

function usd(picoUsd: bigint): string {
  return picoUsd === 0n ? 'nothing' : `$${(Number(picoUsd) / 1e12).toFixed(12).replace(/0+$/, '')}`
}
