import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { getEncodedToken, Wallet } from '@cashu/cashu-ts'
import { z } from 'zod'
import { runNode } from '../../support/run-node.ts'

const line = z.object({ baseUrl: z.string(), mintUrl: z.string(), token: z.string(), model: z.string() })
const PIECE_SAT = 500

/** `npm run demo -- --json` as its users see it: an address, a model, and ecash as often as somebody asks. */
export interface Demo extends AsyncDisposable {
  readonly root: string
  /** What a block needs, with ecash that nobody has used. */
  env(): Promise<Record<string, string>>
}

export async function startDemo(): Promise<Demo> {
  const root = join(import.meta.dirname, '../../..')
  const running = runNode([join(root, 'bin/farebox.js'), 'demo', '--json'], { cwd: root, timeoutMs: 300_000 })
  const { baseUrl, mintUrl, model } = line.parse(JSON.parse(await running.said('\n')))
  const wallet = new Wallet(mintUrl, { unit: 'sat' })
  await wallet.loadMint()
  const mintEcash = async (): Promise<string> => {
    const quote = await wallet.createMintQuoteBolt11(PIECE_SAT)
    const proofs = await wallet.mintProofsBolt11(PIECE_SAT, quote.quote)
    return getEncodedToken({ mint: mintUrl, unit: 'sat', proofs }, { removeDleq: true })
  }
  return {
    root,
    env: async () => ({
      NODE_URL: baseUrl,
      MODEL: model,
      ECASH: await mintEcash(),
      ECASH_2: await mintEcash(),
    }),
    [Symbol.asyncDispose]: async () => {
      running.child.kill('SIGTERM')
      await running.ended
    },
  }
}

export interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs a program in an empty folder of its own. */
export async function runIn(
  command: readonly [string, ...string[]],
  { env, prepare }: { env: Record<string, string>; prepare?: (folder: string) => void },
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'farebox-docs-'))
  try {
    prepare?.(folder)
    const [program, ...args] = command
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    await once(child, 'close')
    return { code: child.exitCode, output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
