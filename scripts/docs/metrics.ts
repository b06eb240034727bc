import { METRICS } from '../../src/http/metrics/metrics.ts'
import { code, generatedBy, page, table } from './markdown.ts'

/** reference/metrics.md: what the private listener shows at /metrics. */
export function metricsPage(): string {
  return page(
    generatedBy('src/http/metrics'),
    '# Metrics',
    '`GET /metrics` of the private listener (`FAREBOX_ADMIN_LISTEN`, by default `http://127.0.0.1:8081/metrics`), in Prometheus’ text format. No label ever names a caller.',
    table(
      ['metric', 'type', 'labels', 'what it is'],
      METRICS.map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), help]),
    ),
  )
}
