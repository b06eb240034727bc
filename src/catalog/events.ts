/** What this room has to say to the log. */
type CatalogEvent =
  | 'rate_found'
  | 'rate_refused'
  | 'rate_feed_failed'
  | 'rate_feed_recovered'
  | 'prices_read'
  | 'prices_failed'
  | 'price_refused'
  | 'job_failed'

export type CatalogLog = (event: CatalogEvent, fields: Readonly<Record<string, unknown>>) => void
