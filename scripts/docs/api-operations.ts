import type { z } from 'zod'
import * as shapes from './api-shapes.ts'

/** How a request shows who pays. */
export type Credential = 'none' | 'wallet' | 'paid'

export interface Operation {
  readonly summary: string
  readonly credential: Credential
  /** A key of `REQUESTS` in api.ts. */
  readonly request?: 'ecash' | 'wish' | 'upstream'
  /** The answer; undefined where the upstream's own is passed on. */
  readonly answer?: z.ZodType
  readonly notes?: string
}

const OPENAI = 'In the shapes of OpenAI’s API; the reply’s `usage` also has `cost` and `cost_sats`.'

/** Every canonical route of the public app. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'post /v1/chat/completions': {
    summary: 'A chat completion, whole or streamed',
    credential: 'paid',
    request: 'upstream',
    notes: OPENAI,
  },
  'post /v1/embeddings': {
    summary: 'Embeddings',
    credential: 'paid',
    request: 'upstream',
    notes: OPENAI,
  },
  'get /v1/models': { summary: 'What is sold, with prices', credential: 'none', answer: shapes.models },
  'get /v1/models/{id}': {
    summary: 'One model; its id may hold slashes',
    credential: 'none',
    answer: shapes.model,
  },
  'get /v1/info': {
    summary: 'Who this node is and which mints it takes',
    credential: 'none',
    answer: shapes.nodeInfo,
  },
  'post /v1/wallet/create': {
    summary: 'Opens a wallet with ecash',
    credential: 'none',
    request: 'ecash',
    answer: shapes.created,
    notes: 'The same ecash again gives the same wallet.',
  },
  'get /v1/wallet/create': {
    summary: 'The same, with the ecash in the query',
    credential: 'none',
    answer: shapes.created,
    notes: 'A query can end up in somebody’s log; prefer the body.',
  },
  'get /v1/wallet': { summary: 'The same as `/v1/wallet/info`', credential: 'wallet', answer: shapes.info },
  'get /v1/wallet/info': {
    summary: 'A wallet in msat, with what can be withdrawn from which mint',
    credential: 'wallet',
    answer: shapes.info,
  },
  'get /v1/wallet/balance': {
    summary: 'A balance in whole sats',
    credential: 'wallet',
    answer: shapes.balance,
  },
  'post /v1/wallet/topup': {
    summary: 'Adds ecash to a wallet',
    credential: 'wallet',
    request: 'ecash',
    answer: shapes.toppedUp,
  },
  'post /v1/wallet/withdraw': {
    summary: 'Takes sats out as ecash',
    credential: 'wallet',
    request: 'wish',
    answer: shapes.withdrawn,
    notes: 'With an `Idempotency-Key` a retry gives the same ecash.',
  },
  'post /v1/wallet/refund': {
    summary: 'Takes everything out, one mint a call; or gives the change of a call that `X-Cashu` paid for',
    credential: 'wallet',
    answer: shapes.refunded,
  },
  'get /': { summary: 'What there is; a page where a browser asks', credential: 'none', answer: shapes.home },
  'get /healthz': { summary: 'Whether the process lives', credential: 'none', answer: shapes.alive },
  'get /ping': {
    summary: 'The same',
    credential: 'none',
    answer: shapes.alive,
    notes: 'To try a proxy: `?stream=1` comes in pieces, `?header=4096` has a header of that length.',
  },
  'get /health': {
    summary: 'The same, with version and readiness',
    credential: 'none',
    answer: shapes.health,
  },
  'get /readyz': {
    summary: 'Whether the node can sell; 503 with the reasons where it cannot',
    credential: 'none',
    answer: shapes.ready,
  },
}
