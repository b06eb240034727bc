import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from './child-node.ts'

/** What a node of an older version held when it was killed; written by scripts/make-fixture.ts. */
interface Facts {
  readonly madeAt: number
  readonly mint: string
  readonly upstream: string
  /** A wallet, one of whose calls stood at the upstream when the node died. */
  readonly saver: { readonly key: string; readonly balanceMsat: number; readonly idempotencyKey: string }
  readonly answered: { readonly request: object; readonly reply: object; readonly chargeMsat: number }
  /** A wallet, a stream of which was under way, with what had been delivered on disk. */
  readonly talker: { readonly key: string; readonly balanceMsat: number }
  readonly oneShot: { readonly ecash: string; readonly change: string; readonly chargeMsat: number }
  /** A payment whose change was never fetched. */
  readonly unclaimed: { readonly ecash: string; readonly paidSat: number; readonly chargeMsat: number }
}

export interface Fixture extends Disposable {
  readonly dataDir: string
  readonly facts: Facts
  /** Of a node that finds neither the mint nor the upstream of the old one. */
  settings(more?: Settings): Settings
}

/** A copy of what a node of an older schema left behind. */
export function copyFixture(schema: number): Fixture {
  const from = join(import.meta.dirname, `../../fixtures/schema-${schema}`)
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-fixture-'))
  for (const file of ['farebox.db', 'secret.key']) copyFileSync(join(from, file), join(dataDir, file))
  const facts: Facts = JSON.parse(readFileSync(join(from, 'facts.json'), 'utf8'))
  return {
    dataDir,
    facts,
    settings: (more = {}) => ({
      DATA_DIR: dataDir,
      LISTEN: '127.0.0.1:0',
      ADMIN_LISTEN: 'off',
      MINTS: facts.mint,
      BTC_USD: '100000',
      LOG_LEVEL: 'silent',
      UPSTREAM_MAIN_URL: facts.upstream,
      UPSTREAM_MAIN_PRICES: 'openai',
      ...more,
    }),
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true, force: true }),
  }
}
