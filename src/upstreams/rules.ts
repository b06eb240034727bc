import { DomainError } from '../lib/index.ts'
import { isModelId } from './providers/read-list.ts'

/** What a rule's prices may be for; a price that is left out is that of the upstream's price list. */
export const RULE_PRICES = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'inputAudio',
  'outputAudio',
  'cacheReadAudio',
  'reasoning',
  'webSearch',
  'request',
] as const

type RulePrices = Readonly<Partial<Record<(typeof RULE_PRICES)[number], bigint>>>

/** Stands for every upstream in a rule. */
export const EVERY_UPSTREAM = '*'

/** What an operator decided about one model at one upstream, or at all (`EVERY_UPSTREAM`). */
export interface ModelRule {
  readonly upstreamId: string
  /** As the upstream names it. */
  readonly model: string
  /** A model is for sale only where no rule disables it. */
  readonly isEnabled: boolean
  /** The name it is sold under instead of its own. */
  readonly alias: string | undefined
  /** Pico-USD for one token, search or request. */
  readonly prices: RulePrices | undefined
  /** In basis points; goes before every other margin. */
  readonly marginBp: number | undefined
}

export interface RuleInput {
  readonly upstreamId: string
  readonly model: string
  readonly isEnabled?: boolean
  readonly alias?: string | undefined
  /** Whole pico-USD as text, number or bigint. */
  readonly prices?: Readonly<Record<string, unknown>> | undefined
  readonly marginBp?: number | undefined
}

const MOST_MARGIN_BP = 100_000
/** A thousand dollars for one token or request: above that it is a slip. */
const MOST_PICO_USD = 10n ** 15n

/** @throws DomainError `model_rule_invalid`: says what is wrong and what to write */
export function readRule(input: RuleInput): ModelRule {
  const { upstreamId, model, isEnabled = true, alias, marginBp } = input
  if (!isModelId(model)) throw invalid(model, 'its model must be a name of 1 to 200 visible characters.')
  if (alias !== undefined && !isModelId(alias)) {
    throw invalid(model, 'its alias must be a name of 1 to 200 visible characters.')
  }
  if (marginBp !== undefined && !isMargin(marginBp)) {
    throw invalid(model, `its margin of ${marginBp} must be whole basis points from 0 to ${MOST_MARGIN_BP}.`)
  }
  const prices = input.prices && readRulePrices(model, input.prices)
  return { upstreamId, model, isEnabled, alias, prices, marginBp }
}

export function isMargin(marginBp: number): boolean {
  return Number.isInteger(marginBp) && marginBp >= 0 && marginBp <= MOST_MARGIN_BP
}

function readRulePrices(model: string, given: Readonly<Record<string, unknown>>): RulePrices | undefined {
  const prices: Partial<Record<string, bigint>> = {}
  for (const [name, value] of Object.entries(given)) {
    if (!RULE_PRICES.some((known) => known === name)) {
      throw invalid(model, `it has a price for ${name.slice(0, 40)}; there are ${RULE_PRICES.join(', ')}.`)
    }
    prices[name] = readPicoUsd(model, name, value)
  }
  return Object.keys(prices).length === 0 ? undefined : prices
}

function readPicoUsd(model: string, name: string, value: unknown): bigint {
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
  const text = isText ? String(value) : ''
  const picoUsd = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined
  if (picoUsd !== undefined && picoUsd <= MOST_PICO_USD) return picoUsd
  throw invalid(
    model,
    `its price for ${name} is ${text.slice(0, 40)}; write whole pico-USD for one, from 0 to ${MOST_PICO_USD}.`,
  )
}

function invalid(model: string, what: string): DomainError {
  return new DomainError('model_rule_invalid', `The rule for "${model.slice(0, 200)}" is refused: ${what}`)
}

/** As JSON, where there are no big integers. */
export function pricesText(prices: RulePrices | undefined): string | null {
  return prices === undefined
    ? null
    : JSON.stringify(prices, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}
