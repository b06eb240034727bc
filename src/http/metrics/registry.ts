import { Counter, Gauge, Registry } from 'prom-client'
import { SingleFlight } from '../../lib/index.ts'
import type { Metric, MetricSources, Sample } from './metric.ts'
import { METRICS } from './metrics.ts'
import { PositionCache } from './position-cache.ts'
import { ProcessFigures } from './process-figures.ts'

/** The metrics as Prometheus reads them. */
export interface Metrics {
  readonly contentType: string
  /** The text format. Readings at the same time share one. */
  text(): Promise<string>
  /** Ends the watch over the event loop. */
  close(): void
}

type Parts = Pick<MetricSources, 'rooms' | 'tally' | 'door'> & {
  /** How old figures from the books may be. Default 30 s. */
  readonly booksKeptMs?: number
}

/** Registers every metric. Nothing is measured between readings but what the sources count by themselves. */
export function openMetrics({ rooms, tally, door, booksKeptMs }: Parts): Metrics {
  const position = new PositionCache(rooms.storage, booksKeptMs)
  const sources: MetricSources = { rooms, tally, door, position, process: new ProcessFigures() }
  const registry = new Registry()
  for (const metric of METRICS) register(registry, { metric, sources })
  const flights = new SingleFlight<string>()
  return {
    contentType: registry.contentType,
    text: () =>
      flights.run('', () => {
        sources.process.look()
        return registry.metrics()
      }),
    close: () => sources.process.close(),
  }
}

function register(registry: Registry, { metric, sources }: { metric: Metric; sources: MetricSources }): void {
  const { name, help, labels } = metric
  const common = { name, help, labelNames: [...labels], registers: [registry] }
  if (metric.type === 'counter') {
    const counter = new Counter({
      ...common,
      async collect() {
        const samples = await read(metric, sources)
        clear(counter, metric)
        for (const { labels: values = {}, value } of samples) counter.inc({ ...values }, value)
      },
    })
    return
  }
  const gauge = new Gauge({
    ...common,
    async collect() {
      const samples = await read(metric, sources)
      clear(gauge, metric)
      for (const { labels: values = {}, value } of samples) gauge.set({ ...values }, value)
    },
  })
}

/** A reset metric without labels would show a zero, which is read as a truth. */
function clear(shown: Counter | Gauge, { labels }: Metric): void {
  shown.reset()
  if (labels.length === 0) shown.remove()
}

/** What cannot be read now is left out: the others are wanted most when something is broken. */
async function read(metric: Metric, sources: MetricSources): Promise<Iterable<Sample>> {
  try {
    return await metric.read(sources)
  } catch {
    return []
  }
}
