import { msat, type Msat } from '../money/index.ts'
import { type Offer } from './goods.ts'
import { type Shown, shownOf, type ShownPrices } from './shown.ts'

/** One model as `/v1/models` lists it: a superset that OpenAI's, OpenRouter's and the Routstr clients' readers all accept. */
interface ModelEntry {
  readonly id: string
  readonly object: 'model'
  /** Unix seconds; 0 when nobody says. */
  readonly created: number
  readonly owned_by: string
  readonly permission: readonly never[]
  readonly root: string
  readonly parent: null
  readonly name: string
  readonly description: string
  readonly context_length: number
  readonly architecture: {
    readonly modality: string
    readonly input_modalities: readonly string[]
    readonly output_modalities: readonly string[]
    readonly tokenizer: string
    readonly instruct_type: null
  }
  /** USD per token, margin included. */
  readonly pricing: ShownPrices & { readonly unit: 'token'; readonly currency: 'USD' }
  /** Satoshis per token, margin included. */
  readonly sats_pricing: ShownPrices & { readonly unit: 'token'; readonly currency: 'sat' }
  readonly per_request_limits: null
  readonly top_provider: {
    readonly context_length: number
    readonly max_completion_tokens: number
    readonly is_moderated: boolean
  }
  /** In msat; what clients without an estimate of their own send. */
  readonly min_cost_per_request: number
  readonly supported_parameters: readonly string[]
  readonly alias_ids: readonly string[]
  readonly enabled: true
  readonly canonical_slug: string
  readonly upstream_provider_id: string
}

const GENERATE_PARAMETERS = [
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'presence_penalty',
  'response_format',
  'seed',
  'stop',
  'stream',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
]
const EMBED_PARAMETERS = ['dimensions', 'encoding_format']

/** The JSON object of an offer in `GET /v1/models`. */
export function modelEntry(offer: Offer): ModelEntry {
  const [{ terms, upstreamId }] = offer.routes
  const shown = shownOf(offer)
  const generates = terms.prices.output !== undefined
  const { inputModalities, outputModalities } = terms
  const name = terms.name ?? offer.model
  return {
    id: offer.model,
    object: 'model',
    created: terms.createdAt ?? 0,
    owned_by: upstreamId,
    permission: [],
    root: offer.model,
    parent: null,
    name,
    description: name,
    context_length: shown.contextLength,
    architecture: {
      modality: `${inputModalities.join('+')}->${outputModalities.join('+')}`,
      input_modalities: inputModalities,
      output_modalities: outputModalities,
      tokenizer: 'Other',
      instruct_type: null,
    },
    pricing: { ...shown.usd, unit: 'token', currency: 'USD' },
    sats_pricing: { ...shown.sats, unit: 'token', currency: 'sat' },
    per_request_limits: null,
    top_provider: {
      context_length: shown.contextLength,
      max_completion_tokens: shown.outputLimit,
      is_moderated: false,
    },
    min_cost_per_request: Number(typicalCost(shown)),
    supported_parameters: generates ? GENERATE_PARAMETERS : EMBED_PARAMETERS,
    alias_ids: [],
    enabled: true,
    canonical_slug: offer.model,
    upstream_provider_id: upstreamId,
  }
}

/**
 * Eight thousand tokens in and four thousand out, or the worst case where that is less: one client sends exactly this
 * amount with every call and nothing else, so it must cover a common request without tying up the price of a full context.
 */
function typicalCost({ sats, outputLimit }: Shown): Msat {
  const common = 8192 * sats.prompt + Math.min(4096, outputLimit) * sats.completion + sats.request
  return msat(BigInt(Math.max(1, Math.ceil(Math.min(common, sats.max_cost) * 1000))))
}
