import { z } from 'zod'

/** What our own routes answer. A test holds every one against a live node. */
const msat = z.number().int().describe('Thousandths of a satoshi')
const sat = z.number().int().describe('Whole satoshis, rounded down')
const ecash = z.string().describe('Ecash, cashuB…')
const mint = z.string().describe('The URL of a mint')

export const error = z
  .strictObject({
    type: z.string(),
    code: z.string().describe('Stable; see errors.md'),
    message: z.string().describe('For people; says what became of the money'),
    details: z.record(z.string(), z.unknown()).optional(),
    refund_token: ecash.optional().describe('Everything that is due to a one-shot payer'),
  })
  .describe('An error')

export const errorBody = z
  .looseObject({
    error,
    detail: z.looseObject({ error }).describe('The same, where clients of the Routstr network look'),
    request_id: z.string(),
  })
  .describe('The one shape of errors')

export const created = z
  .strictObject({
    api_key: z
      .string()
      .optional()
      .describe('sk-…; left out once it was used, for whoever shows only the raw ecash'),
    admin_key: z.string().optional().describe('Only in the first answer'),
    balance: sat,
    balance_msat: msat,
    mint,
    unit: z.literal('sat'),
  })
  .describe('A wallet. Given initial_balance_token: only api_key and balance, in msat')

export const info = z.strictObject({
  api_key: z.string().optional(),
  balance: msat,
  reserved: msat.describe('Held by running calls'),
  balance_msat: msat,
  reserved_msat: msat,
  is_child: z.literal(false),
  total_requests: z.number().int(),
  total_spent: msat,
  balance_limit: z.null(),
  balance_limit_reset: z.null(),
  validity_date: z.null(),
  mints: z.array(z.strictObject({ mint, withdrawable_sat: sat })),
})

export const balance = z.strictObject({
  balance: sat,
  currency: z.literal('sat'),
  reserved: sat,
  balance_msat: msat,
  reserved_msat: msat,
})

export const toppedUp = z.strictObject({
  msats: msat.describe('What was added'),
  balance: sat,
  balance_msat: msat,
  amount_added: z.number().int().describe('Satoshis, after the mint’s fee'),
  currency: z.literal('sat'),
})

export const withdrawn = z.strictObject({ cashu_token: ecash, amount: sat, mint, unit: z.literal('sat') })

export const refunded = z
  .strictObject({
    token: ecash,
    sats: z.string().describe('Whole satoshis, as text'),
    mint: mint.optional().describe('For a wallet’s refund'),
    unit: z.literal('sat'),
    request_id: z.string().optional().describe('For the change of a call'),
  })
  .describe('A refund of a wallet, or the change of the call that X-Cashu paid for')

const prices = z.looseObject({
  prompt: z.number(),
  completion: z.number(),
  unit: z.literal('token'),
  currency: z.enum(['USD', 'sat']),
})

export const model = z
  .looseObject({
    id: z.string(),
    object: z.literal('model'),
    created: z.number(),
    owned_by: z.string(),
    name: z.string(),
    context_length: z.number(),
    pricing: prices.describe('US dollars per token, margin included'),
    sats_pricing: prices.describe('Satoshis per token, margin included'),
    min_cost_per_request: z.number().describe('msat'),
  })
  .describe('A model and its price')

export const models = z.strictObject({ object: z.literal('list'), data: z.array(model) })

export const nodeInfo = z.looseObject({
  name: z.string(),
  description: z.string(),
  version: z.string(),
  software: z.literal('farebox'),
  mints: z.array(mint),
  http_url: z.string().nullable(),
})

export const home = nodeInfo.extend({
  ready: z.boolean(),
  reasons: z.array(z.string()).optional(),
  models: z.array(z.string()),
  endpoints: z.record(z.string(), z.string()),
})

export const alive = z.strictObject({ status: z.literal('ok') })
export const health = z.strictObject({ status: z.literal('ok'), ready: z.boolean(), version: z.string() })
export const ready = z.strictObject({ ready: z.boolean(), reasons: z.array(z.string()) })
