import { findProvider } from '@pydantic/genai-prices'
import type { AskedRequest } from '../../dialects/index.ts'
import { type BtcUsd } from '../../money/index.ts'
import type { Goods } from '../goods.ts'
import { Catalog, type Offer, openPriceLists } from '../index.ts'

/** A hundred thousand dollars for a bitcoin: a dollar is a thousand sat. */
export const ROUND_RATE: BtcUsd = { centsPerBtc: 10_000_000n }

export const AUTUMN = Date.parse('2026-11-25T20:00:00Z')

interface ShopOptions {
  goods: readonly Goods[]
  rate?: BtcUsd
  now?: () => number
  files?: Readonly<Record<string, string>>
}

/** A catalog on the real offline list. */
export function openShop({ goods, rate = ROUND_RATE, now = () => AUTUMN, files = {} }: ShopOptions): Catalog {
  return new Catalog({
    goods: () => goods,
    rate: () => rate,
    clock: { now },
    priceLists: openPriceLists({
      readFile: (path) => {
        const text = files[path]
        if (text === undefined) throw new Error(`no file ${path}`)
        return text
      },
    }),
  })
}

export function goodsOf(prices: string, models: readonly string[], rest: Partial<Goods> = {}): Goods {
  return {
    upstreamId: prices,
    order: 0,
    prices,
    marginBp: 1000,
    models: models.map((id) => ({ id })),
    ...rest,
  }
}

/** One model of a provider of the offline list, at 10 % margin. */
export function offerOf(prices: string, model: string, rest: Partial<ShopOptions> = {}): Offer {
  return openShop({ goods: [goodsOf(prices, [model])], ...rest }).offerFor(model)
}

/** Every id of one provider's offline list. */
export function everyModel(provider: string): string[] {
  return findProvider({ providerId: provider })?.models.map((model) => model.id) ?? []
}

export function asking(rest: Partial<AskedRequest> = {}): AskedRequest {
  return {
    kind: 'generate',
    model: 'gpt-4o-mini',
    stream: false,
    wantsUsage: false,
    choices: 1,
    outputLimit: undefined,
    inputBound: 300,
    inputEstimate: 60,
    images: 0,
    features: [],
    featureFields: [],
    dropped: [],
    promptCharacters: 220,
    formulaOutputTokens: undefined,
    ...rest,
  }
}
