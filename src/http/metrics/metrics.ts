import { callMetrics } from './of-calls.ts'
import { houseMetrics } from './of-house.ts'
import type { Metric } from './metric.ts'
import { processMetrics } from './of-process.ts'

/** Every metric there is. The reference of metrics is written from this list. */
export const METRICS: readonly Metric[] = [...callMetrics, ...houseMetrics, ...processMetrics]
