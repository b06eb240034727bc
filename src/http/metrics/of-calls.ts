import type { Ending } from '../../proxy/index.ts'
import type { CallTally, ModelCounts } from './call-tally.ts'
import { type Metric, type Sample, single } from './metric.ts'

const ENDINGS: readonly Ending[] = ['complete', 'cut', 'left', 'failed']
const PICO = 1e12

export const callMetrics: readonly Metric[] = [
  {
    name: 'farebox_calls_total',
    type: 'counter',
    help: 'Calls to models that money was set aside for, by how they ended: complete, cut (the upstream broke off), left (the caller hung up) or failed (free).',
    labels: ['dialect', 'model', 'outcome'],
    read: ({ tally }) => outcomes(tally),
  },
  {
    name: 'farebox_call_errors_total',
    type: 'counter',
    help: 'Calls that were answered with an error, by its code; most of them were refused before any money moved.',
    labels: ['dialect', 'code'],
    read: ({ tally }) =>
      [...tally.refusals()].map(({ dialect, code, count }) => ({ labels: { dialect, code }, value: count })),
  },
  {
    name: 'farebox_calls_estimated_total',
    type: 'counter',
    help: 'Calls whose upstream reported no usage, so that it was counted by the node.',
    labels: ['dialect', 'model'],
    read: ({ tally }) => perModel(tally, ({ estimated }) => estimated),
  },
  {
    name: 'farebox_revenue_msat_total',
    type: 'counter',
    help: 'What calls to models were charged since the start, in thousandths of a sat.',
    labels: ['dialect', 'model'],
    read: ({ tally }) => perModel(tally, ({ revenueMsat }) => revenueMsat),
  },
  {
    name: 'farebox_upstream_cost_usd_total',
    type: 'counter',
    help: 'What those calls cost at their upstreams by the price list, in dollars.',
    labels: ['dialect', 'model'],
    read: ({ tally }) => perModel(tally, ({ upstreamPicoUsd }) => upstreamPicoUsd / PICO),
  },
  {
    name: 'farebox_calls_running',
    type: 'gauge',
    help: 'Calls that are being served now.',
    labels: [],
    read: ({ rooms }) => single(rooms.heartbeat.running),
  },
]

function outcomes(tally: CallTally): Sample[] {
  const samples: Sample[] = []
  for (const { dialect, model, ended } of tally.models()) {
    for (const outcome of ENDINGS) {
      if (ended[outcome] > 0) samples.push({ labels: { dialect, model, outcome }, value: ended[outcome] })
    }
  }
  return samples
}

function perModel(tally: CallTally, value: (counts: ModelCounts) => number): Sample[] {
  return [...tally.models()].map((counts) => ({
    labels: { dialect: counts.dialect, model: counts.model },
    value: value(counts),
  }))
}
