import type { Migration } from './migration.ts'

/** The first schema. Integers ending in _msat are money, those ending in _at are unix milliseconds. */
export const first: Migration = {
  name: '0001-first',
  sql: `
CREATE TABLE node (
  id TEXT PRIMARY KEY, canary TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE secret (
  name TEXT PRIMARY KEY, sealed TEXT NOT NULL
) STRICT;

-- ledger
CREATE TABLE account (
  id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  posted_msat INTEGER NOT NULL DEFAULT 0, reserved_msat INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, spent_msat INTEGER NOT NULL DEFAULT 0,
  CHECK (kind IN ('asset', 'liability', 'income', 'expense')),
  CHECK (kind <> 'liability' OR (reserved_msat >= 0 AND reserved_msat <= posted_msat))
) STRICT;
CREATE TABLE transfer (
  id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
-- SQLite makes a table for an IN of three at every write of a row, so the states of a hold are written out
CREATE TABLE hold (
  id INTEGER PRIMARY KEY, call_id TEXT NOT NULL, account_id INTEGER NOT NULL,
  amount_msat INTEGER NOT NULL CHECK (amount_msat >= 0), boot TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state = 'open' OR state = 'settled' OR state = 'void'),
  terms_json TEXT NOT NULL, delivered_json TEXT,
  charge_msat INTEGER CHECK (charge_msat BETWEEN 0 AND amount_msat), usage_json TEXT,
  at INTEGER NOT NULL, ended_at INTEGER, returned_at INTEGER
) STRICT;
CREATE INDEX hold_open ON hold (boot) WHERE state = 'open';
-- holds_json: the holds of a boot that may be settled while their replies have not left
CREATE TABLE departure (
  boot TEXT PRIMARY KEY, holds_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, transfer_id INTEGER, hold_id INTEGER, account_id INTEGER NOT NULL, amount_msat INTEGER NOT NULL,
  CHECK ((transfer_id IS NULL) <> (hold_id IS NULL))
) STRICT;

-- cashu
CREATE TABLE keyset (
  mint TEXT NOT NULL, id TEXT NOT NULL, unit TEXT NOT NULL, fee_ppk INTEGER NOT NULL, is_active INTEGER NOT NULL,
  final_expiry INTEGER, keys_json TEXT NOT NULL, PRIMARY KEY (mint, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE operation (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('receive', 'send')),
  state TEXT NOT NULL CHECK (state IN ('saved', 'done', 'refused', 'attention')),
  mint TEXT NOT NULL, account_id INTEGER NOT NULL REFERENCES account (id),
  ecash_id TEXT UNIQUE, reference TEXT UNIQUE, purpose TEXT, owner TEXT,
  face_sat INTEGER NOT NULL, fee_sat INTEGER NOT NULL, net_sat INTEGER NOT NULL,
  sealed_plan TEXT, sealed_result TEXT, failure_code TEXT, failure TEXT,
  created_at INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX operation_running ON operation (kind) WHERE state = 'saved';
CREATE TABLE seen (
  y BLOB PRIMARY KEY, operation_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE proof (
  y BLOB PRIMARY KEY, mint TEXT NOT NULL, keyset TEXT NOT NULL, amount_sat INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'reserved', 'issued', 'spent', 'swapped')), owner TEXT, sealed TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX proof_till ON proof (mint, state, amount_sat);
CREATE INDEX proof_owner ON proof (owner) WHERE owner IS NOT NULL;

-- catalog: what was for sale when a call began, once for all calls that began with it
CREATE TABLE offer (
  digest TEXT PRIMARY KEY, json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- wallets
CREATE TABLE wallet (
  id TEXT PRIMARY KEY, account_id INTEGER NOT NULL UNIQUE REFERENCES account (id), key_hash BLOB NOT NULL UNIQUE,
  key_version INTEGER NOT NULL, key_used INTEGER NOT NULL DEFAULT 0, admin_key_hash BLOB,
  refund_version INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE wallet_funding (
  wallet_id TEXT NOT NULL, mint TEXT NOT NULL, in_sat INTEGER NOT NULL DEFAULT 0, out_sat INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wallet_id, mint), CHECK (out_sat <= in_sat)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment (
  id TEXT PRIMARY KEY, account_id INTEGER NOT NULL UNIQUE REFERENCES account (id), mint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('credited', 'running', 'returning', 'resolved')),
  hold_id INTEGER, call_id TEXT, charge_msat INTEGER, change_sat INTEGER, returned_sat INTEGER, at INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_unresolved ON payment (state) WHERE state <> 'resolved';

-- http: answers kept for their Idempotency-Key, sealed under a key made from the caller's credential
CREATE TABLE answer (
  id BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, boot TEXT NOT NULL, hold_id INTEGER NOT NULL, sealed TEXT,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_expiry ON answer (expires_at);

-- settings
CREATE TABLE setting (
  name TEXT PRIMARY KEY, value_json TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
`,
}
