import { argv, exit, stdout } from 'node:process'
import { Cashu, readEcash } from '../../../src/cashu/index.ts'
import { balanceOf, openAccount } from '../../../src/ledger/index.ts'
import { armFailpoint, fixed, systemClock } from '../../../src/lib/index.ts'
import { openNodeKey, resumeRotation, rotateKey, Storage } from '../../../src/storage/index.ts'

/** What the child is to do: `fill` the till, `rotate` the root key under traffic, or start again as a node does (`resume`). */
export interface RotationJob {
  readonly dir: string
  readonly mint: string
  readonly task: 'fill' | 'rotate' | 'resume'
  readonly failpoint?: string
  readonly ecash?: string
}

export interface RotationReport {
  readonly balanceMsat: string
  readonly resealed: number | undefined
  /** Payments out and in again that were made while the key was changed. */
  readonly rounds: number
  /** The ecash of what was paid out before. */
  readonly filled: readonly string[]
}

/** Payments out whose ecash nobody spends: each leaves three sealed values or more. */
const FILL_SENDS = 70

async function work(job: RotationJob): Promise<RotationReport> {
  const { dir, mint, task } = job
  const storage = Storage.open(dir)
  const secrets = await openNodeKey(storage, { dataDir: dir, given: [] })
  const { vault } = secrets
  const cashu = await Cashu.open({
    storage,
    vault,
    mints: fixed([mint]),
    clock: systemClock,
    timeoutMs: 2000,
  })
  await cashu.resume()
  const accountId = await storage.transact((tx) =>
    openAccount(tx, { code: 'wallet:test', kind: 'liability' }),
  )
  const receive = async (text: string): Promise<void> =>
    void (await cashu.receive({ ecash: readEcash(text), purpose: 'topup', accountId }))
  const send = (reference: string): Promise<string> =>
    cashu.send({ reference, from: accountId, mint, amountSat: 3 })
  if (job.ecash !== undefined) await receive(job.ecash)

  let rounds = 0
  const state = { isDone: task === 'fill' }
  const traffic = async (): Promise<void> => {
    for (; !state.isDone; rounds += 1) await receive(await send(`${process.pid}-${rounds}`))
  }
  const rotate = async (): Promise<number | undefined> => {
    const rotation =
      task === 'rotate' ? await rotateKey(storage, secrets) : await resumeRotation(storage, secrets)
    state.isDone = true
    return rotation?.resealed
  }
  // Asked for again by the same reference, a payment gives the ecash that it gave before.
  const filled: string[] = []
  for (let i = 0; i < FILL_SENDS; i += 1) filled.push(await send(`fill-${i}`))
  armFailpoint(job.failpoint)
  const [resealed] = await Promise.all([task === 'fill' ? undefined : rotate(), traffic()])
  const balance = await storage.read((tx) => balanceOf(tx, accountId))
  await cashu.close()
  await storage[Symbol.asyncDispose]()
  return { balanceMsat: String(balance.posted), resealed, rounds, filled }
}

// The room's own timers do not keep a process alive; a server's sockets do.
const alive = setInterval(() => undefined, 1000)
const job: RotationJob = JSON.parse(argv[2] ?? '{}')
const report = await work(job)
clearInterval(alive)
stdout.write(JSON.stringify(report), () => exit(0))
