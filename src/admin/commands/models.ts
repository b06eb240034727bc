import { z } from 'zod'
import { modelEntry, type Offer, type WhyNot } from '../../catalog/index.ts'
import { EVERY_UPSTREAM, type ModelRule, type RuleInput } from '../../upstreams/index.ts'
import type { ShownModel, ShownRule, ShownWhy } from '../answers.ts'
import { command } from '../command.ts'
import { marginText, readInput, readMargin, readNothing } from '../read-input.ts'
import type { AdminRooms } from '../rooms.ts'

const word = z.string().trim().min(1).max(300)
const whyBody = z.strictObject({ model: word })
const ruleBody = z.strictObject({
  /** None lists the rules there are. */
  model: word.optional(),
  upstream: word.default(EVERY_UPSTREAM),
  isEnabled: z.boolean().optional(),
  /** Null takes it back. */
  alias: word.nullish(),
  /** Pico-USD for one token, request or search, as decimal text; null takes them back. */
  prices: z.record(z.string().max(40), z.string().max(30)).nullish(),
  margin: word.nullish(),
  /** Takes the whole rule back. */
  remove: z.boolean().default(false),
})
type RuleOrder = z.infer<typeof ruleBody>

export const modelCommands = [
  command('models.list', {
    describes: 'What is for sale, where it is bought, and at what price.',
    isReading: true,
    read: readNothing,
    run: ({ catalog }) => ({ models: catalog.list().map(shown) }),
  }),
  command('models.why', {
    describes: 'Why a model is offered or not, upstream by upstream.',
    isReading: true,
    read: (input) => readInput(whyBody, input),
    run: ({ catalog }, { model }) => whyOf(model, catalog.why(model)),
  }),
  command('models.rule', {
    describes: 'Sets whether, under which name and at what price a model is sold.',
    read: (input) => readInput(ruleBody, input),
    run: async ({ upstreams }, input) => {
      await change(upstreams, input)
      return { rules: upstreams.rules().map(shownRule) }
    },
  }),
]

async function change(upstreams: AdminRooms['upstreams'], input: RuleOrder): Promise<void> {
  const { model, upstream: upstreamId } = input
  if (model === undefined) return
  if (input.remove) {
    await upstreams.dropRule(upstreamId, model)
    return
  }
  const before = upstreams.rules().find((rule) => rule.upstreamId === upstreamId && rule.model === model)
  const wish = changed({ upstreamId, model }, { before, input })
  if (wish !== undefined) await upstreams.setRule(wish)
}

/** What is left out stays; null takes back. Undefined where nothing is asked for. */
function changed(
  of: Pick<RuleInput, 'upstreamId' | 'model'>,
  { before, input }: { before: ModelRule | undefined; input: RuleOrder },
): RuleInput | undefined {
  const { isEnabled, alias, prices, margin } = input
  if ([isEnabled, alias, prices, margin].every((given) => given === undefined)) return undefined
  const marginBp = typeof margin === 'string' ? readMargin(margin) : margin
  return {
    ...of,
    isEnabled: isEnabled ?? before?.isEnabled ?? true,
    alias: kept(alias, before?.alias),
    prices: kept<Readonly<Record<string, unknown>>>(prices, before?.prices),
    marginBp: kept(marginBp, before?.marginBp),
  }
}

function kept<T>(given: T | null | undefined, before: T | undefined): T | undefined {
  return given === undefined ? before : (given ?? undefined)
}

function whyOf(model: string, { isOffered, reasons, rate, near }: WhyNot): ShownWhy {
  return {
    model,
    isOffered,
    reasons: reasons.map(({ upstream, code, reason }) => ({ upstream, code, reason })),
    rateTrouble: rate ?? null,
    near,
  }
}

function shown(offer: Offer): ShownModel {
  const { id, pricing, context_length: contextLength, top_provider: provider } = modelEntry(offer)
  return {
    model: id,
    upstreams: offer.routes.map(({ upstreamId }) => upstreamId),
    contextLength,
    outputLimit: provider.max_completion_tokens,
    usdPerMillion: { input: perMillion(pricing.prompt), output: perMillion(pricing.completion) },
  }
}

/** Without the dust that a product of two binary fractions leaves behind. */
function perMillion(each: number): number {
  return Number((each * 1_000_000).toPrecision(9))
}

function shownRule({ upstreamId, model, isEnabled, alias, prices, marginBp }: ModelRule): ShownRule {
  return {
    upstream: upstreamId,
    model,
    isEnabled,
    alias: alias ?? null,
    prices:
      prices === undefined
        ? null
        : Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, String(price)])),
    margin: marginText(marginBp),
  }
}
