import { resolve } from 'node:path'
import type { AdminAnswers } from '../../admin/index.ts'
import { confirm, show, YES_OPTION } from '../answer.ts'
import { type CliCall, cliCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { readGivenSecret, SECRET_OPTIONS } from '../node/read-secret.ts'
import type { Screen } from '../screen/screen.ts'
import { type Cell, type CellText, printable, renderTable } from '../screen/table.ts'

type Upstream = AdminAnswers['upstreams.list']['upstreams'][number]

export const upstreamCommands = [
  cliCommand({
    name: 'upstreams list',
    describes: 'whom the node buys from, and how they fare',
    examples: ['farebox upstreams list'],
    run: async (call) => {
      const answer = await call.ask('upstreams.list')
      return show(call, answer, () => upstreamTable(answer.upstreams, call.screen))
    },
  }),
  cliCommand({
    name: 'upstreams presets',
    describes: 'suppliers whose address and prices are known',
    examples: ['farebox upstreams presets'],
    run: async (call) => {
      const answer = await call.ask('upstreams.presets')
      const columns = [{ head: 'NAME' }, { head: 'ADDRESS', mayWrap: true }, { head: 'WHAT', mayWrap: true }]
      const rows = answer.presets.map(({ name, url, describes }) => [name, url, describes])
      return show(call, answer, () => renderTable(columns, rows, call.screen))
    },
  }),
  cliCommand({
    name: 'upstreams add',
    arguments: '<name>',
    least: 1,
    describes: 'buy from one more supplier',
    details: [
      '<name> is a preset (farebox upstreams presets), or a name of yours with --url and --prices. Its key is asked for, or read from a file or standard input; it is never an argument, where others could read it. A node that runs buys there at once.',
    ],
    options: {
      ...SECRET_OPTIONS,
      'no-key': { describes: 'it needs none' },
      preset: { value: 'PRESET', describes: 'take this preset, under another name' },
      url: { value: 'URL', describes: 'its base address, with its /v1' },
      type: { value: 'TYPE', describes: 'how to talk to it, where not as its preset or as generic' },
      prices: { value: 'LIST', describes: 'a provider of the price list, a price file (*.json), or none' },
      margin: { value: '10%', describes: 'your margin there; else FAREBOX_MARGIN' },
    },
    examples: [
      'farebox upstreams add groq --key-file groq.key',
      'farebox upstreams add shed --url http://10.0.0.7:8000/v1 --prices shed.json --no-key',
    ],
    run: add,
  }),
  cliCommand({
    name: 'upstreams test',
    arguments: '<name>',
    least: 1,
    describes: 'have it make one token, and say what that cost',
    options: { model: { value: 'MODEL', describes: 'this model of it; else a cheap one' } },
    examples: ['farebox upstreams test groq'],
    run: test,
  }),
  cliCommand({
    name: 'upstreams enable',
    arguments: '<name>',
    least: 1,
    describes: 'buy there again',
    examples: ['farebox upstreams enable groq'],
    run: async (call) => {
      const answer = await call.ask('upstreams.enable', { id: idOf(call) })
      return show(call, answer, () => `${answer.upstream.id} is enabled.`)
    },
  }),
  cliCommand({
    name: 'upstreams disable',
    arguments: '<name>',
    least: 1,
    describes: 'buy nothing there any more; running answers are finished',
    examples: ['farebox upstreams disable groq'],
    run: async (call) => {
      const answer = await call.ask('upstreams.disable', { id: idOf(call) })
      return show(call, answer, () => `${answer.upstream.id} is disabled.`)
    },
  }),
  cliCommand({
    name: 'upstreams remove',
    arguments: '<name>',
    least: 1,
    describes: 'forget it, with its key and its rules',
    options: YES_OPTION,
    examples: ['farebox upstreams remove groq --yes'],
    run: async (call) => {
      const id = idOf(call)
      await confirm(call, `Forget the upstream ${printable(id)} and its key?`)
      const answer = await call.ask('upstreams.remove', { id })
      return show(call, answer, () => `${answer.removed} is removed.`)
    },
  }),
]

function idOf({ words }: CliCall): string {
  return words[0] ?? ''
}

function upstreamTable(upstreams: readonly Upstream[], screen: Screen): string {
  if (upstreams.length === 0) {
    return 'There is no upstream yet. Add one: farebox upstreams add NAME (see farebox upstreams presets).'
  }
  const columns = [
    { head: 'NAME' },
    { head: 'STATE' },
    { head: 'MODELS', isFigure: true },
    { head: 'PRICES', mayWrap: true },
    { head: 'MARGIN' },
    { head: 'ADDRESS', mayWrap: true },
    { head: 'FROM' },
  ]
  const rows = upstreams.map((upstream): CellText[] => [
    upstream.id,
    stateOf(upstream),
    String(upstream.models),
    upstream.prices,
    upstream.margin ?? '',
    upstream.url,
    upstream.origin,
  ])
  const troubles = upstreams.flatMap(({ id, lastError, pausedUntil }) => {
    if (lastError === null) return []
    const until = pausedUntil === null ? '' : ` (paused until ${pausedUntil})`
    return [`${screen.ink.bad(id)}${until}: ${printable(lastError)}`]
  })
  return [renderTable(columns, rows, screen), ...(troubles.length > 0 ? ['', ...troubles] : [])].join('\n')
}

function stateOf({ isEnabled, pausedUntil, lastError }: Upstream): Cell {
  if (!isEnabled) return { text: 'disabled', style: 'faint' }
  if (pausedUntil !== null) return { text: 'paused', style: 'bad' }
  return lastError === null ? { text: 'enabled', style: 'good' } : { text: 'failing', style: 'bad' }
}

async function add(call: CliCall): Promise<number> {
  const options = Object.fromEntries(
    ['preset', 'url', 'type', 'margin'].flatMap((option) => {
      const value = call.text(option)
      return value === undefined ? [] : [[option, value]]
    }),
  )
  const prices = call.text('prices')
  const key = await readKey(call)
  const answer = await call.ask('upstreams.add', {
    name: idOf(call),
    ...options,
    ...(prices !== undefined && { prices: isPath(prices) ? resolve(prices) : prices }),
    ...(key !== undefined && { key }),
  })
  const { id, url } = answer.upstream
  return show(call, answer, () => `${id} is added, at ${url}. Try it: farebox upstreams test ${id}`)
}

/** A node in another folder opens it, so that its path must be whole. */
function isPath(prices: string): boolean {
  return /[/\\]|\.json$/.test(prices)
}

async function readKey(call: CliCall): Promise<string | undefined> {
  const given = await readGivenSecret(call)
  if (call.flag('no-key')) {
    if (given !== undefined) throw new UsageError('Give a key or --no-key, not both.')
    return undefined
  }
  if (given !== undefined) return given
  if (!call.screen.isAttended) {
    throw new UsageError('Give its key by --key-file FILE or --key-stdin, or say --no-key.')
  }
  const typed = await call.screen.askUnseen(`Key of ${printable(idOf(call))} (empty for none): `)
  return typed === '' ? undefined : typed
}

async function test(call: CliCall): Promise<number> {
  const model = call.text('model')
  const trial = await call.ask('upstreams.test', {
    id: idOf(call),
    ...(model !== undefined && { model }),
  })
  const { ink } = call.screen
  show(call, trial, () => {
    const { upstream, ms, costUsd, problem } = trial
    const name = printable(trial.model)
    if (problem !== null) {
      return `${ink.bad(`${upstream} failed with ${name}`)} after ${ms} ms. ${printable(problem.sentence)} ${problem.cure}`
    }
    const cost = costUsd === null ? 'It has no price here, so it is not sold' : `It cost $${costUsd}`
    return `${ink.good(`${upstream} answered`)} with ${name} in ${ms} ms. ${cost}.`
  })
  return trial.problem === null ? 0 : 1
}
