import { type AccountId } from '../../ledger/index.ts'
import { DomainError } from '../../lib/index.ts'
import { first, run, type Selectable, statement, tablesOf, type Tx, type Vault } from '../../storage/index.ts'
import { type Plan, readPlan } from '../operations/plan.ts'
import type { CashuTables } from './tables.ts'

/** What first use made of an ecash. */
export type Purpose = 'wallet' | 'topup' | 'payment'
export type OperationState = 'saved' | 'done' | 'refused' | 'attention'

/** An operation without its secrets. */
export interface Operation {
  readonly id: string
  readonly kind: 'receive' | 'send'
  readonly state: OperationState
  readonly mint: string
  /** Credited by a receive, debited by a send. */
  readonly accountId: AccountId
  readonly ecashId: string | undefined
  readonly reference: string | undefined
  readonly purpose: Purpose | undefined
  /** The owner for whom a receive reserves its coins. */
  readonly owner: string | undefined
  readonly faceSat: number
  readonly feeSat: number
  readonly netSat: number
  readonly failure: { readonly code: string; readonly message: string } | undefined
  readonly createdAt: number
  readonly endedAt: number | undefined
}

type Row = Selectable<CashuTables['operation']>
type NewOperation = Pick<
  Operation,
  'id' | 'kind' | 'mint' | 'accountId' | 'faceSat' | 'feeSat' | 'netSat' | 'createdAt'
> &
  Partial<Pick<Operation, 'ecashId' | 'reference' | 'purpose' | 'owner'>>

const insert = statement<
  CashuTables,
  Omit<Row, 'sealed_result' | 'failure_code' | 'failure' | 'ended_at'>,
  unknown
>((db, slot) =>
  db.insertInto('operation').values({
    id: slot('id'),
    kind: slot('kind'),
    state: slot('state'),
    mint: slot('mint'),
    account_id: slot('account_id'),
    ecash_id: slot('ecash_id'),
    reference: slot('reference'),
    purpose: slot('purpose'),
    owner: slot('owner'),
    face_sat: slot('face_sat'),
    fee_sat: slot('fee_sat'),
    net_sat: slot('net_sat'),
    sealed_plan: slot('sealed_plan'),
    sealed_result: null,
    failure_code: null,
    failure: null,
    created_at: slot('created_at'),
    ended_at: null,
  }),
)
const byId = statement<CashuTables, { id: string }, Row>((db, slot) =>
  db.selectFrom('operation').selectAll().where('id', '=', slot('id')),
)
const byEcash = statement<CashuTables, { ecash: string }, Row>((db, slot) =>
  db.selectFrom('operation').selectAll().where('ecash_id', '=', slot('ecash')),
)
const byReference = statement<CashuTables, { reference: string }, Row>((db, slot) =>
  db.selectFrom('operation').selectAll().where('reference', '=', slot('reference')),
)
const insertSeen = statement<CashuTables, { y: Buffer; operation: string }, { y: Buffer }>((db, slot) =>
  db
    .insertInto('seen')
    .values({ y: slot('y'), operation_id: slot('operation') })
    .onConflict((conflict) => conflict.column('y').doNothing())
    .returning('y'),
)
const selectSeen = statement<CashuTables, { y: Buffer }, { operation_id: string }>((db, slot) =>
  db.selectFrom('seen').select('operation_id').where('y', '=', slot('y')),
)
const deleteSeen = statement<CashuTables, { y: Buffer; operation: string }, unknown>((db, slot) =>
  db.deleteFrom('seen').where('y', '=', slot('y')).where('operation_id', '=', slot('operation')),
)
const end = statement<
  CashuTables,
  {
    id: string
    state: string
    fee: number
    net: number
    plan: string | null
    result: string | null
    code: string | null
    failure: string | null
    at: number
  },
  Row
>((db, slot) =>
  db
    .updateTable('operation')
    .set({
      state: slot('state'),
      fee_sat: slot('fee'),
      net_sat: slot('net'),
      sealed_plan: slot('plan'),
      sealed_result: slot('result'),
      failure_code: slot('code'),
      failure: slot('failure'),
      ended_at: slot('at'),
    })
    .where('id', '=', slot('id'))
    .where('state', '=', 'saved')
    .returningAll(),
)

const planPlace = (row: string) => ({ table: 'operation', column: 'sealed_plan', row })
const resultPlace = (row: string) => ({ table: 'operation', column: 'sealed_result', row })

/** An operation that a plan is still to be carried out for. */
export async function insertOperation(
  tx: Tx,
  vault: Vault,
  operation: NewOperation & { plan: Plan },
): Promise<void> {
  await run(tx, insert, {
    ...toRow(operation),
    state: 'saved',
    sealed_plan: vault.seal(planPlace(operation.id), JSON.stringify(operation.plan)),
  })
}

/** A send that was done as soon as it was saved. */
export async function insertDoneSend(
  tx: Tx,
  vault: Vault,
  send: NewOperation & { ecash: string },
): Promise<void> {
  await run(tx, insert, { ...toRow(send), state: 'saved', sealed_plan: null })
  const { id, feeSat, netSat, ecash, createdAt } = send
  await endOperation(tx, vault, { id, state: 'done', feeSat, netSat, ecash, at: createdAt })
}

function toRow(operation: NewOperation) {
  return {
    id: operation.id,
    kind: operation.kind,
    mint: operation.mint,
    account_id: operation.accountId,
    ecash_id: operation.ecashId ?? null,
    reference: operation.reference ?? null,
    purpose: operation.purpose ?? null,
    owner: operation.owner ?? null,
    face_sat: operation.faceSat,
    fee_sat: operation.feeSat,
    net_sat: operation.netSat,
    created_at: operation.createdAt,
  }
}

interface Ending {
  readonly id: string
  readonly state: Exclude<OperationState, 'saved'>
  readonly feeSat: number
  readonly netSat: number
  /** What a send gives out. */
  readonly ecash?: string
  readonly failure?: { readonly code: string; readonly message: string }
  readonly at: number
}

/** Ends an operation once: undefined when it had ended before. The plan is wiped, unless somebody has to look at it. */
export async function endOperation(tx: Tx, vault: Vault, ending: Ending): Promise<Operation | undefined> {
  const { id, state, feeSat, netSat, ecash, failure, at } = ending
  const plan = state === 'attention' ? ((await first(tx, byId, { id }))?.sealed_plan ?? null) : null
  const row = await first(tx, end, {
    id,
    state,
    fee: feeSat,
    net: netSat,
    plan,
    result: ecash === undefined ? null : vault.seal(resultPlace(id), ecash),
    code: failure?.code ?? null,
    failure: failure?.message ?? null,
    at,
  })
  return row && toOperation(row)
}

/** Puts a new plan in the place of one that the mint refused as out of date. */
export async function replacePlan(
  tx: Tx,
  vault: Vault,
  { id, plan }: { id: string; plan: Plan },
): Promise<void> {
  await tablesOf<CashuTables>(tx)
    .updateTable('operation')
    .set({ sealed_plan: vault.seal(planPlace(id), JSON.stringify(plan)) })
    .where('id', '=', id)
    .where('state', '=', 'saved')
    .execute()
}

export async function findOperation(tx: Tx, id: string): Promise<Operation | undefined> {
  const row = await first(tx, byId, { id })
  return row && toOperation(row)
}

export async function findByEcash(tx: Tx, ecashId: string): Promise<Operation | undefined> {
  const row = await first(tx, byEcash, { ecash: ecashId })
  return row && toOperation(row)
}

/** A send by its reference, with the ecash it gave out if it is done. */
export async function findSend(
  tx: Tx,
  vault: Vault,
  reference: string,
): Promise<{ operation: Operation; ecash: string | undefined } | undefined> {
  const row = await first(tx, byReference, { reference })
  if (!row) return undefined
  const ecash =
    row.sealed_result === null ? undefined : vault.openText(resultPlace(row.id), row.sealed_result)
  return { operation: toOperation(row), ecash }
}

/** The plan of an operation that is under way. */
export async function getPlan(tx: Tx, vault: Vault, id: string): Promise<Plan> {
  const row = await first(tx, byId, { id })
  if (!row?.sealed_plan) throw new Error(`operation ${id} has no plan`)
  return readPlan(vault.openText(planPlace(id), row.sealed_plan))
}

export async function listRunning(tx: Tx): Promise<string[]> {
  const rows = await tablesOf<CashuTables>(tx)
    .selectFrom('operation')
    .select('id')
    .where('state', '=', 'saved')
    .orderBy('created_at')
    .execute()
  return rows.map(({ id }) => id)
}

/** Says that these coins were presented. @throws DomainError `cashu_ecash_overlaps` when one of them was before */
export async function claimSeen(tx: Tx, ys: readonly string[], operationId: string): Promise<void> {
  for (const y of ys) {
    const claimed = await first(tx, insertSeen, { y: Buffer.from(y, 'hex'), operation: operationId })
    if (!claimed) throw new DomainError('cashu_ecash_overlaps', 'Some of these coins were presented before.')
  }
}

export async function isAnySeen(tx: Tx, ys: readonly string[]): Promise<boolean> {
  for (const y of ys) if (await first(tx, selectSeen, { y: Buffer.from(y, 'hex') })) return true
  return false
}

/** Forgets that an ecash was presented: the mint refused it without having spent it. */
export async function freeEcash(tx: Tx, operationId: string, ys: readonly string[]): Promise<void> {
  const tables = tablesOf<CashuTables>(tx)
  await tables.updateTable('operation').set({ ecash_id: null }).where('id', '=', operationId).execute()
  for (const y of ys) await run(tx, deleteSeen, { y: Buffer.from(y, 'hex'), operation: operationId })
}

function toOperation(row: Row): Operation {
  return {
    id: row.id,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's CHECK says so
    kind: row.kind as Operation['kind'],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's CHECK says so
    state: row.state as OperationState,
    mint: row.mint,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it went in as one, and is a foreign key
    accountId: row.account_id as AccountId,
    ecashId: row.ecash_id ?? undefined,
    reference: row.reference ?? undefined,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it went in as one
    purpose: (row.purpose ?? undefined) as Purpose | undefined,
    owner: row.owner ?? undefined,
    faceSat: Number(row.face_sat),
    feeSat: Number(row.fee_sat),
    netSat: Number(row.net_sat),
    failure: row.failure_code === null ? undefined : { code: row.failure_code, message: row.failure ?? '' },
    createdAt: Number(row.created_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
  }
}
