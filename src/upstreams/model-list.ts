import type { AttemptLimits } from './attempt.ts'
import type { Look } from './health.ts'
import type { ListedModel } from './types.ts'
import type { Upstream } from './upstream.ts'

const LIMITS: AttemptLimits = {
  firstByteMs: 20_000,
  idleMs: 10_000,
  totalMs: 30_000,
  wholeBytes: 16 * 1024 * 1024,
}

/** A list, or a sentence that says why there is none. The sentence quotes nothing of the reply's body. */
export type ModelListAnswer = { models: ListedModel[] } | { error: string; look: Exclude<Look, 'good'> }

/** Asks one upstream for its models. `limits` bound it in time and size. Never rejects. */
export async function askForModels(
  upstream: Upstream,
  limits: AttemptLimits = LIMITS,
): Promise<ModelListAnswer> {
  const { provider } = upstream
  if (provider.modelsPath === undefined) return { models: (provider.knownModels ?? []).map(knownModel) }
  const pieces: Buffer[] = []
  let status = 0
  const outcome = await upstream.exchange(
    { method: 'GET', path: provider.modelsPath, body: undefined, limits },
    { head: (head) => (status = head.status), piece: (chunk) => pieces.push(chunk) },
  )
  if (outcome.kind === 'failed') return { error: `${outcome.reason}: ${outcome.message}`, look: 'down' }
  if (status === 401 || status === 403) {
    return { error: `it answered ${status}; check its key`, look: 'refused' }
  }
  if (status !== 200) return { error: `it answered ${status}`, look: lookOf(status) }
  const models = provider.readModels(parsed(Buffer.concat(pieces)))
  return models ? { models } : { error: 'its answer is not a list of models', look: 'unclear' }
}

function lookOf(status: number): Exclude<Look, 'good'> {
  if (status === 402) return 'refused'
  return status >= 500 ? 'down' : 'unclear'
}

function knownModel(id: string): ListedModel {
  return { id, created: undefined, ownedBy: undefined, contextLength: undefined, outputLimit: undefined }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
