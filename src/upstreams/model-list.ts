import type { AttemptLimits } from './attempt.ts'
import type { ListedModel } from './types.ts'
import type { Upstream } from './upstream.ts'

const LIMITS: AttemptLimits = {
  firstByteMs: 20_000,
  idleMs: 10_000,
  totalMs: 30_000,
  wholeBytes: 16 * 1024 * 1024,
}

/** A list, or a sentence that says why there is none. The sentence quotes nothing of the reply's body. */
export type ModelListAnswer = { models: ListedModel[] } | { error: string }

/** Asks one upstream for its models. `limits` bound it in time and size. Never rejects. */
export async function askForModels(
  upstream: Upstream,
  limits: AttemptLimits = LIMITS,
): Promise<ModelListAnswer> {
  const pieces: Buffer[] = []
  let status = 0
  const { provider } = upstream
  const outcome = await upstream.exchange(
    { method: 'GET', path: provider.modelsPath, body: undefined, limits },
    { head: (head) => (status = head.status), piece: (chunk) => pieces.push(chunk) },
  )
  if (outcome.kind === 'failed') return { error: `${outcome.reason}: ${outcome.message}` }
  if (status === 401 || status === 403) return { error: `it answered ${status}; check its key` }
  if (status !== 200) return { error: `it answered ${status}` }
  const models = provider.readModels(parsed(Buffer.concat(pieces)))
  return models ? { models } : { error: 'its answer is not a list of models' }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
