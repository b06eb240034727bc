import { sql, tablesOf, type Tx } from '../../storage/index.ts'

interface AnswerTables {
  answer: {
    id: Buffer
    fingerprint: Buffer
    boot: string
    hold_id: bigint
    sealed: string | null
    expires_at: bigint | number
  }
}

export interface KeptAnswer {
  readonly fingerprint: Buffer
  readonly boot: string
  readonly holdId: bigint
  /** Undefined while the call runs, and for an answer that was too large to keep. */
  readonly sealed: string | undefined
}

export async function findAnswer(tx: Tx, id: Buffer, now: number): Promise<KeptAnswer | undefined> {
  const row = await tablesOf<AnswerTables>(tx)
    .selectFrom('answer')
    .selectAll()
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return (
    row && {
      fingerprint: row.fingerprint,
      boot: row.boot,
      holdId: row.hold_id,
      sealed: row.sealed ?? undefined,
    }
  )
}

/** Claims a key for a call; false when another call has it. */
export async function claimAnswer(
  tx: Tx,
  row: { id: Buffer; fingerprint: Buffer; boot: string; holdId: bigint; expiresAt: number; now: number },
): Promise<boolean> {
  const tables = tablesOf<AnswerTables>(tx)
  await tables.deleteFrom('answer').where('id', '=', row.id).where('expires_at', '<=', row.now).execute()
  const made = await tables
    .insertInto('answer')
    .values({
      id: row.id,
      fingerprint: row.fingerprint,
      boot: row.boot,
      hold_id: row.holdId,
      sealed: null,
      expires_at: row.expiresAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .execute()
  return made.length > 0
}

export async function keepAnswer(tx: Tx, { id, sealed }: { id: Buffer; sealed: string }): Promise<void> {
  await tablesOf<AnswerTables>(tx).updateTable('answer').set({ sealed }).where('id', '=', id).execute()
}

/** Which of these holds have an answer that can still be given. `none` stands for one that was not kept. */
export async function listAnswered(
  tx: Tx,
  { holdIds, none, now }: { holdIds: readonly bigint[]; none: string; now: number },
): Promise<bigint[]> {
  const rows = await tablesOf<AnswerTables>(tx)
    .selectFrom('answer')
    .select('hold_id')
    .where('hold_id', 'in', holdIds)
    .where('sealed', 'is not', null)
    .where('sealed', '<>', none)
    .where('expires_at', '>', now)
    .execute()
  return rows.map((row) => row.hold_id)
}

export async function forgetAnswer(tx: Tx, id: Buffer): Promise<void> {
  await tablesOf<AnswerTables>(tx).deleteFrom('answer').where('id', '=', id).execute()
}

export async function forgetExpired(tx: Tx, now: number): Promise<void> {
  await sql`DELETE FROM answer WHERE expires_at <= ${now}`.execute(tablesOf<AnswerTables>(tx))
}
