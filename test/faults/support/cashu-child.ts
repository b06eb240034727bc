import { argv, exit, stdout } from 'node:process'
import { readEcash } from '../../../src/cashu/index.ts'
import { armFailpoint, DomainError } from '../../../src/lib/index.ts'
import { openCashuNode } from './cashu-node.ts'

/** What the child is to do: given as JSON, and repeated whole after a kill, as callers repeat what was not answered. */
export interface ChildJob {
  readonly dir: string
  readonly rootKeyHex: string
  readonly mint: string
  readonly failpoint: string
  /** Good ecash, and ecash that somebody else has spent. */
  readonly good: string
  readonly stolen: string
}

export interface ChildReport {
  readonly balanceMsat: string
  readonly kinds: readonly string[]
}

async function work(job: ChildJob): Promise<ChildReport> {
  const { dir, mint } = job
  const node = await openCashuNode([mint], {
    dir,
    rootKey: Buffer.from(job.rootKeyHex, 'hex'),
    timeoutMs: 300,
  })
  const { cashu, account } = node
  await cashu.resume()
  const receive = async (text: string, purpose: 'wallet' | 'topup'): Promise<string> =>
    (await repeated(() => cashu.receive({ ecash: readEcash(text), purpose, accountId: account }))).kind
  const send = (reference: string): Promise<string> =>
    repeated(() => cashu.send({ reference, from: account, mint, amountSat: 3 }))
  const kinds = [await receive(job.good, 'wallet')]
  // The second payout finds the small coins gone and has to swap.
  const [local] = [await send('local'), await send('swapped')]
  kinds.push(await receive(local, 'topup'), await receive(job.stolen, 'topup'))
  await cashu.sweepIssued()
  return { balanceMsat: String(await node.balance()), kinds }
}

/** As a caller does who is told that the mint does not answer: a busy machine can be slower than the short timeout here. */
async function repeated<T>(request: () => Promise<T>, triesLeft = 20): Promise<T> {
  try {
    return await request()
  } catch (error) {
    const isUnanswered = error instanceof DomainError && error.code === 'cashu_mint_unreachable'
    if (!isUnanswered || triesLeft === 0) throw error
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
    return repeated(request, triesLeft - 1)
  }
}

// The room's own timers do not keep a process alive; a server's sockets do.
const alive = setInterval(() => undefined, 1000)
const job: ChildJob = JSON.parse(argv[2] ?? '{}')
armFailpoint(job.failpoint)
const report = await work(job)
clearInterval(alive)
stdout.write(JSON.stringify(report), () => exit(0))
