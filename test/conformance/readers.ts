import { expect } from 'vitest'
import { z } from 'zod'
import type { TestReply } from '../support/test-node.ts'

/**
 * What the programs in the field demand of a node's answers, written down from their behaviour (`routstr-clients` §2): a
 * reader that throws here is a client that drops the node. Numbers are never taken from text.
 */
const price = z.number().nonnegative()
const count = z.number().int().nonnegative()
const int32 = count.max(2_147_483_647)
const names = z.array(z.string())

/** otrta reads the list into fixed structs: one missing number and the whole list is gone. */
const otrtaPricing = z.object({
  prompt: price,
  completion: price,
  request: price,
  image: price,
  web_search: price,
  internal_reasoning: price,
  max_cost: price.optional(),
})
export const otrtaModels = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      created: count,
      description: z.string(),
      context_length: int32,
      pricing: otrtaPricing,
      sats_pricing: otrtaPricing,
      /** In msat, and all that it sends with a call. */
      min_cost_per_request: count.min(1),
    }),
  ),
})

/** The reference node, as another node's client: required fields without defaults. */
export const coreModels = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      created: count,
      description: z.string(),
      context_length: count,
      architecture: z.object({
        modality: z.string(),
        input_modalities: names,
        output_modalities: names,
        tokenizer: z.string(),
        instruct_type: z.string().nullable(),
      }),
      pricing: otrtaPricing,
    }),
  ),
})

/** The network's SDK: it skips a model without these numbers and computes from them what to pay. */
const sdkModel = z.object({
  id: z.string(),
  name: z.string().optional(),
  alias_ids: names.optional(),
  context_length: count,
  top_provider: z.object({ context_length: count, max_completion_tokens: count }),
  sats_pricing: z.object({
    prompt: price,
    completion: price,
    request: price,
    max_cost: price,
    max_prompt_cost: price,
    max_completion_cost: price,
  }),
})
export const sdkModels = z.object({ data: z.array(sdkModel) })
type SdkModel = z.infer<typeof sdkModel>

/** OpenAI's own list, with nothing but its type to go by. */
export const openAiModels = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({ id: z.string(), object: z.literal('model'), created: count, owned_by: z.string() }),
  ),
})

export const infoReader = z.object({
  name: z.string().min(1),
  description: z.string(),
  // 0.1.x makes the SDK match models in an old way.
  version: z.string().regex(/^(?!0\.1\.)\d+\.\d+\.\d+/),
  npub: z.string().nullable(),
  mints: z.array(z.string().regex(/[^/]$/)).min(1),
  http_url: z.string().nullable(),
  onion_url: z.string().nullable(),
  child_key_cost_msats: count,
})

/** `/v1/wallet/info`: balances in msat. */
export const walletReader = z.object({
  api_key: z.string().startsWith('sk-'),
  balance: count,
  reserved: count,
  is_child: z.literal(false),
  total_requests: count,
  total_spent: count,
  balance_limit: z.null(),
  balance_limit_reset: z.null(),
  validity_date: z.null(),
})

/** The answer of the refund route: amounts are text. */
export const refundReader = z.object({
  token: z.string().startsWith('cashuB'),
  sats: z.string().regex(/^[1-9]\d*$/),
})

export const usageReader = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cost: z.object({ total_msats: count, input_msats: count, output_msats: count, total_usd: price }),
  cost_sats: price,
})

const errorReader = z.object({
  type: z.string().min(1),
  code: z.string().min(1),
  message: z.string().min(1),
  details: z.record(z.string(), z.unknown()).optional(),
  refund_token: z.string().startsWith('cashu').optional(),
  upstream_status: count.optional(),
})
/** Every answer that is not 2xx. */
const problemReader = z.strictObject({
  error: errorReader,
  detail: z.object({ error: errorReader }),
  request_id: z.string().startsWith('call_'),
  amount_required_msat: count.min(1).optional(),
  balance_msat: count.optional(),
  model: z.string().optional(),
  reason: z.string().optional(),
  type: z.string().optional(),
})

/** Reads an error as the strictest client does; its id has to be the one in the head. */
export function problemOf({ headers, body }: TestReply): z.infer<typeof problemReader> {
  const problem = problemReader.parse(body)
  expect(problem.detail.error).toEqual(problem.error)
  expect(headers.get('x-routstr-request-id')).toBe(problem.request_id)
  expect(headers.get('x-request-id')).toBe(problem.request_id)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  return problem
}

/** What the SDK computes that a chat call has to bring, in sats, from a model's entry (`routstr-clients` §2.4). */
export function sdkSats(model: SdkModel, body: Record<string, unknown>): number {
  const { max_cost, max_completion_cost, prompt, completion } = model.sats_pricing
  const { context_length: context, max_completion_tokens: output } = model.top_provider
  let gate = Math.max(1, Math.floor(max_cost * 1000 * 0.99))
  const promptTokens = Math.floor(lengthOfTexts(body) / 3)
  const unusedPrompt = (context > output ? context - output : context) * prompt * 0.99 - promptTokens * prompt
  if (promptTokens > 0 && unusedPrompt > 0) gate -= Math.floor(unusedPrompt * 1000)
  const limit = Number(body['max_tokens'] ?? 0)
  const unusedOutput = max_completion_cost * 0.99 - limit * completion
  if (limit > 0 && unusedOutput > 0) gate -= Math.floor(unusedOutput * 1000)
  return Math.ceil(Math.min((Math.max(gate, 1) / 1000) * 1.05, max_cost))
}

/** The characters of every text value and of every key in a body. */
function lengthOfTexts(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + lengthOfTexts(item), 0)
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + lengthOfTexts(item), 0)
}
