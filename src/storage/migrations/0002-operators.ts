import type { Migration } from './migration.ts'

/** What an operator sets while the node runs, and what the node has learned from others. */
export const operators: Migration = {
  name: '0002-operators',
  sql: `
-- origin: an upstream of the environment is a row too, without its key; it is disabled, never deleted, when it goes there
CREATE TABLE upstream (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, url TEXT NOT NULL, sealed_key TEXT, prices TEXT NOT NULL, margin_bp INTEGER,
  origin TEXT NOT NULL CHECK (origin IN ('environment', 'table')), is_enabled INTEGER NOT NULL DEFAULT 1,
  place INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
-- the last good list of an upstream's models
CREATE TABLE model_list (
  upstream_id TEXT PRIMARY KEY, models_json TEXT NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- upstream_id '*' is every upstream
CREATE TABLE model_rule (
  upstream_id TEXT NOT NULL, model TEXT NOT NULL, is_enabled INTEGER NOT NULL DEFAULT 1, alias TEXT, prices_json TEXT,
  margin_bp INTEGER, at INTEGER NOT NULL, PRIMARY KEY (upstream_id, model)
) STRICT, WITHOUT ROWID;
-- the last BTC/USD rate that a quorum of feeds agreed on
CREATE TABLE exchange_rate (
  id INTEGER PRIMARY KEY CHECK (id = 1), cents_per_btc INTEGER NOT NULL, at INTEGER NOT NULL, feeds_json TEXT NOT NULL
) STRICT;
-- price lists that were read at run time
CREATE TABLE price_list (
  source TEXT PRIMARY KEY, json TEXT NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
}
