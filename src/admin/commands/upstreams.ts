import { z } from 'zod'
import { assert, DomainError } from '../../lib/index.ts'
import {
  type Preset,
  presets,
  type TestCall,
  type UpstreamConfig,
  type UpstreamState,
} from '../../upstreams/index.ts'
import type { ShownTrial, ShownUpstream } from '../answers.ts'
import { command } from '../command.ts'
import { marginText, readInput, readMargin, readNothing, timeText } from '../read-input.ts'
import type { AdminRooms } from '../rooms.ts'

const word = z.string().trim().min(1).max(2000)
/** Only models that a rule prices are sold then. */
const NO_PRICES = 'none'

const oneBody = z.strictObject({ id: word })
const testBody = z.strictObject({ id: word, model: word.optional() })
const addBody = z.strictObject({
  name: word,
  preset: word.optional(),
  type: word.optional(),
  url: word.optional(),
  key: word.optional(),
  prices: word.optional(),
  margin: word.optional(),
})

export const upstreamCommands = [
  command('upstreams.list', {
    describes: 'Every upstream and how it fares.',
    isReading: true,
    read: readNothing,
    run: ({ upstreams }) => ({ upstreams: upstreams.states().map(shown) }),
  }),
  command('upstreams.presets', {
    describes: 'Suppliers whose address, kind and prices are known.',
    isReading: true,
    read: readNothing,
    run: () => ({ presets: presets.map((preset) => ({ ...preset, prices: preset.prices ?? null })) }),
  }),
  command('upstreams.add', {
    describes: 'Adds an upstream, from a preset or by its address.',
    read: (input) => newUpstream(readInput(addBody, input)),
    run: async ({ upstreams, priceLists }, wanted) => {
      // A list that is not there would show only in what is not sold.
      if (wanted.prices !== NO_PRICES) priceLists.list(wanted.prices)
      await upstreams.add(wanted)
      return { upstream: shown(find(upstreams, wanted.id)) }
    },
  }),
  command('upstreams.test', {
    describes: 'Has an upstream make one token, and says what that cost.',
    read: (input) => readInput(testBody, input),
    run: trialOf,
  }),
  command('upstreams.enable', {
    describes: 'Buys from an upstream again.',
    read: (input) => readInput(oneBody, input),
    run: async ({ upstreams }, { id }) => {
      await upstreams.enable(id)
      return { upstream: shown(find(upstreams, id)) }
    },
  }),
  command('upstreams.disable', {
    describes: 'Buys nothing from an upstream any more; calls that run are finished.',
    read: (input) => readInput(oneBody, input),
    run: async ({ upstreams }, { id }) => {
      await upstreams.disable(id)
      return { upstream: shown(find(upstreams, id)) }
    },
  }),
  command('upstreams.remove', {
    describes: 'Forgets an upstream, its key and its rules.',
    read: (input) => readInput(oneBody, input),
    run: async ({ upstreams }, { id }) => {
      await upstreams.remove(id)
      return { removed: id }
    },
  }),
]

/** Has an upstream make one token: of the model that is named, else of the cheapest one that it sells. */
export async function tryOut(
  { upstreams, catalog }: AdminRooms,
  { id, model }: { id: string; model?: string | undefined },
): Promise<{ trial: TestCall; picoUsd: bigint | undefined }> {
  const state = upstreams.states().find(({ config }) => config.id === id)
  // One that was added a moment ago has not told its models yet.
  if (state?.models.length === 0) await upstreams.refreshModels(id)
  const trial = await upstreams.test(id, model ?? catalog.cheapestAt(id))
  return { trial, picoUsd: trial.usage && catalog.costAt(id, trial.model, trial.usage) }
}

async function trialOf(rooms: AdminRooms, input: z.infer<typeof testBody>): Promise<ShownTrial> {
  const { trial, picoUsd } = await tryOut(rooms, input)
  return {
    upstream: input.id,
    model: trial.model,
    status: trial.status ?? null,
    ms: Math.round(trial.ms),
    costUsd: picoUsd === undefined ? null : usdText(picoUsd),
    problem: trial.problem ?? null,
  }
}

/** Pico-USD as dollars, exactly. */
function usdText(picoUsd: bigint): string {
  const whole = picoUsd / 10n ** 12n
  const parts = String(picoUsd % 10n ** 12n)
    .padStart(12, '0')
    .replace(/0+$/, '')
  return parts === '' ? String(whole) : `${whole}.${parts}`
}

/** `name` is that of a preset, or the id of an upstream whose address is given. */
function newUpstream(input: z.infer<typeof addBody>): Omit<UpstreamConfig, 'order'> {
  const preset = presetFor(input)
  return {
    id: idOf(input.name),
    type: input.type ?? preset?.type ?? 'generic',
    url: urlOf(input, preset),
    key: input.key,
    // Of a server of one's own nobody else knows the prices: price rules say them.
    prices: input.prices ?? (preset ? (preset.prices ?? NO_PRICES) : noPrices(input.name)),
    marginBp: input.margin === undefined ? undefined : readMargin(input.margin),
  }
}

function noPrices(name: string): never {
  throw invalid(
    `There are no prices for ${name}. Add --prices: a provider of the price list, as openai, the path of a price file, or none.`,
  )
}

function urlOf({ name, url }: z.infer<typeof addBody>, preset: Preset | undefined): string {
  if (url !== undefined) return url.replace(/\/+$/, '')
  if (preset === undefined) {
    throw invalid(`${name} is no preset, so its address is needed: add --url and --prices. ${presetNames()}`)
  }
  if (/\bNAME\b/.test(preset.url)) throw invalid(`${preset.describes} Add --url, as ${preset.url}.`)
  return preset.url
}

function presetFor({ name, preset }: { name: string; preset?: string | undefined }): Preset | undefined {
  const found = presets.find((known) => known.name === (preset ?? name).toLowerCase())
  if (preset !== undefined && found === undefined)
    throw invalid(`There is no preset ${preset}. ${presetNames()}`)
  return found
}

/** As the environment could name it too: `llama.cpp` is `llama-cpp`. */
function idOf(name: string): string {
  return name.toLowerCase().replaceAll('.', '-')
}

function presetNames(): string {
  return `There are ${presets.map(({ name }) => name).join(', ')}.`
}

function invalid(sentence: string): DomainError {
  return new DomainError('upstream_invalid', sentence)
}

/** The room itself has refused an id that it does not know. */
function find(upstreams: AdminRooms['upstreams'], id: string): UpstreamState {
  const found = upstreams.states().find(({ config }) => config.id === id)
  assert(found, `upstream ${id} is there`)
  return found
}

function shown(upstream: UpstreamState): ShownUpstream {
  const { config, origin, isEnabled, models, modelsAt, pausedUntil, lastError } = upstream
  const { id, type, url, prices, marginBp, key } = config
  return {
    id,
    type,
    url,
    prices,
    margin: marginText(marginBp),
    hasKey: key !== undefined,
    origin,
    isEnabled,
    models: models.length,
    modelsAt: timeText(modelsAt),
    pausedUntil: timeText(pausedUntil),
    lastError: lastError ?? null,
  }
}
