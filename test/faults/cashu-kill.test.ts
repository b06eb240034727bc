import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { describe, expect, test } from 'vitest'
import { CASHU_FAILPOINTS } from '../../src/cashu/index.ts'
import { type FaultKind, type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import type { ChildJob, ChildReport } from './support/cashu-child.ts'
import { faultsInBooks, openCashuNode } from './support/cashu-node.ts'

const CHILD = new URL('support/cashu-child.ts', import.meta.url).pathname

async function runChild(job: ChildJob): Promise<{ signal: string | null; report: ChildReport | undefined }> {
  const child = spawn(execPath, [CHILD, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [, signal]: (string | null)[] = await once(child, 'close')
  const text = Buffer.concat(chunks).toString()
  return { signal: signal ?? null, report: text === '' ? undefined : JSON.parse(text) }
}

/** What must go wrong so that the step is reached: at the receive's swap (the first), or at the send's (the second). */
function plantFault(mint: PlayMint, failpoint: string): void {
  const nth = failpoint.startsWith('send.') ? 2 : 1
  const step = failpoint.split('.')[1] ?? ''
  let swaps = 0
  mint.faults.setFaults((path): FaultKind | undefined => {
    if (path !== '/v1/swap') return undefined
    swaps += 1
    if (swaps !== nth) return undefined
    if (step === 'replanned') mint.rotate()
    return step.startsWith('restor') ? 'drop_after' : undefined
  })
}

describe.concurrent('kill -9 at every step of receive, send and sweep', () => {
  test.each(CASHU_FAILPOINTS.map((failpoint, i) => [failpoint, i] as const))(
    '%s: after a restart every ecash is credited once and the books balance',
    async (failpoint, i) => {
      const mint = await startPlayMint({ feePpk: 100 })
      const good = await mint.mintEcash(64)
      const stolen = await mint.mintEcash(16)
      mint.mark(stolen, 'SPENT')
      const dir = mkdtempSync(join(tmpdir(), 'farebox-kill-'))
      const rootKey = randomBytes(32)
      const job = { dir, rootKeyHex: rootKey.toString('hex'), mint: mint.url, good, stolen }

      plantFault(mint, failpoint)
      const killed = await runChild({ ...job, failpoint })
      expect(killed).toEqual({ signal: 'SIGKILL', report: undefined })

      mint.faults.clear()
      // A mint does not stand still while a node is down.
      if (i % 2 === 1) mint.rotate()
      const { report } = await runChild({ ...job, failpoint: '' })
      // 64 less 1 of fee, two payouts of 3, one of which comes back less 1 of fee.
      expect(report).toEqual({ balanceMsat: '59000', kinds: ['credited', 'credited', 'refused'] })

      await using node = await openCashuNode([mint.url], { dir, rootKey })
      expect(await faultsInBooks(node)).toEqual([])
      const books = await node.storage.read((tx) => node.cashu.books(tx))
      expect(books).toMatchObject({
        running: 0,
        needAttention: 0,
        perMint: [{ faceInSat: 67, issuedSat: 3, faceOutSat: 3 }],
      })
      const { issuedSat, feesSat } = mint.stats
      const { heldSat } = books.perMint[0] ?? { heldSat: 0 }
      expect(issuedSat - 16 - feesSat).toBe(heldSat + 3)
      await mint.close()
    },
    60_000,
  )
})
