import type { AdminAnswers } from '../../admin/index.ts'
import { scaleDecimal } from '../../money/index.ts'
import { show } from '../answer.ts'
import { type CliCall, cliCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { printable, renderTable, wrap } from '../screen/table.ts'
import type { Screen } from '../screen/screen.ts'

export const modelCommands = [
  cliCommand({
    name: 'models list',
    describes: 'what is for sale, where it is bought, and its price',
    examples: ['farebox models list'],
    run: async (call) => {
      const answer = await call.ask('models.list')
      return show(call, answer, () => modelTable(answer.models, call.screen))
    },
  }),
  cliCommand({
    name: 'models why',
    arguments: '<model>',
    least: 1,
    describes: 'why a model is offered or not',
    examples: ['farebox models why gpt-4o'],
    run: async (call) => {
      const [model = ''] = call.words
      const answer = await call.ask('models.why', { model })
      return show(call, answer, () => whyText(answer, call.screen))
    },
  }),
  cliCommand({
    name: 'models rule',
    arguments: '[<model>]',
    most: 1,
    describes: 'set whether, as what and at what price a model is sold',
    details: [
      'Without a model it lists the rules. <model> is the upstream’s name for it. What an option does not name stays as it is.',
      'Prices are in dollars for a million tokens: input, output, cacheRead, cacheWrite, reasoning, inputAudio, outputAudio, cacheReadAudio; and for a single one: request, webSearch.',
    ],
    options: {
      upstream: { value: 'ID', describes: 'at this upstream only; else at every one' },
      enable: { describes: 'sell it' },
      disable: { describes: 'do not sell it' },
      alias: { value: 'NAME', describes: 'sell it under this name' },
      'no-alias': { describes: 'sell it under its own name' },
      prices: { value: 'LIST', describes: 'its prices at the upstream, as input=2.5,output=10' },
      'no-prices': { describes: 'take its prices from the price list' },
      margin: { value: '10%', describes: 'your margin on it' },
      'no-margin': { describes: 'take the margin of the upstream or the node' },
      remove: { describes: 'take the whole rule back' },
    },
    examples: [
      'farebox models rule o1-pro --disable',
      'farebox models rule qwen2.5:7b --upstream ollama --prices input=0.05,output=0.1',
    ],
    run: rule,
  }),
]

function modelTable(models: AdminAnswers['models.list']['models'], screen: Screen): string {
  if (models.length === 0) return 'No model is for sale. Ask why about one: farebox models why NAME'
  const rows = models.map(({ model, upstreams, usdPerMillion: { input, output }, contextLength }) => [
    model,
    dollars(input),
    dollars(output),
    contextLength.toLocaleString('en-US'),
    upstreams.join(', '),
  ])
  const columns = [
    { head: 'MODEL', mayWrap: true },
    { head: '$/M IN', isFigure: true },
    { head: '$/M OUT', isFigure: true },
    { head: 'CONTEXT', isFigure: true },
    { head: 'UPSTREAMS', mayWrap: true },
  ]
  return renderTable(columns, rows, screen)
}

function dollars(amount: number): string {
  const rounded = Number(amount.toPrecision(4))
  return rounded >= 0.01 || rounded === 0 ? rounded.toFixed(2) : String(rounded)
}

function whyText(answer: AdminAnswers['models.why'], screen: Screen): string {
  const { isOffered, reasons, rateTrouble, near } = answer
  const model = printable(answer.model)
  const parts = [
    isOffered ? screen.ink.good(`${model} is offered.`) : screen.ink.bad(`${model} is not offered.`),
  ]
  if (rateTrouble !== null) parts.push(wrap(printable(rateTrouble), screen.width).join('\n'))
  if (reasons.length === 0) parts.push('There is no upstream yet: farebox upstreams add NAME')
  else {
    const columns = [{ head: 'UPSTREAM' }, { head: 'WHY', mayWrap: true }]
    const rows = reasons.map(({ upstream, reason }) => [upstream, reason])
    parts.push(renderTable(columns, rows, screen))
  }
  if (!isOffered && near.length > 0) parts.push(`Names that look alike: ${printable(near.join(', '))}`)
  return parts.join('\n\n')
}

async function rule(call: CliCall): Promise<number> {
  const [model] = call.words
  const wish = readWish(call)
  const isEmpty = Object.keys(wish).length === 0
  if (model === undefined && !isEmpty) throw new UsageError('Name the model that the rule is for.')
  const upstream = call.text('upstream')
  const answer = await call.ask('models.rule', {
    ...(model !== undefined && { model }),
    ...(upstream !== undefined && { upstream }),
    ...wish,
  })
  const rules = model === undefined ? answer.rules : answer.rules.filter((each) => each.model === model)
  return show(call, { rules }, () => ruleTable(rules, call.screen))
}

function readWish(call: CliCall): Record<string, unknown> {
  const prices = call.text('prices')
  const wish = {
    isEnabled: either(call, 'enable', 'disable'),
    alias: valueOrNone(call, 'alias'),
    prices: prices === undefined ? valueOrNone(call, 'prices') : readPrices(prices),
    margin: valueOrNone(call, 'margin'),
    remove: call.flag('remove') ? true : undefined,
  }
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))
}

function either(call: CliCall, yes: string, no: string): boolean | undefined {
  if (call.flag(yes) && call.flag(no)) throw new UsageError(`Give --${yes} or --${no}, not both.`)
  return call.flag(yes) ? true : call.flag(no) ? false : undefined
}

function valueOrNone(call: CliCall, option: string): string | null | undefined {
  return call.text(option) ?? (call.flag(`no-${option}`) ? null : undefined)
}

const PER_ONE: ReadonlySet<string> = new Set(['request', 'webSearch'])

/** `input=2.5,output=10` in dollars as pico-USD for one. @throws UsageError */
export function readPrices(text: string): Record<string, string> {
  const entries = text.split(',').map((part): [string, string] => {
    const [, name = '', amount = ''] = /^\s*(\w+)\s*=\s*\$?(\d+(?:\.\d+)?)\s*$/.exec(part) ?? []
    if (name === '') {
      throw new UsageError(`The price ${part.trim()} is not NAME=DOLLARS. Write it as input=2.5,output=10.`)
    }
    return [name, String(scaleDecimal(amount, PER_ONE.has(name) ? 12 : 6))]
  })
  return Object.fromEntries(entries)
}

function ruleTable(rules: AdminAnswers['models.rule']['rules'], screen: Screen): string {
  if (rules.length === 0) return 'There is no rule.'
  const columns = [
    { head: 'MODEL', mayWrap: true },
    { head: 'UPSTREAM' },
    { head: 'SOLD' },
    { head: 'AS', mayWrap: true },
    { head: 'MARGIN' },
    { head: 'PRICES', mayWrap: true },
  ]
  const rows = rules.map(({ model, upstream, isEnabled, alias, margin, prices }) => [
    model,
    upstream === '*' ? 'every one' : upstream,
    isEnabled ? 'yes' : 'no',
    alias ?? '',
    margin ?? '',
    prices === null ? '' : pricesText(prices),
  ])
  return renderTable(columns, rows, screen)
}

function pricesText(prices: Readonly<Record<string, string>>): string {
  return Object.entries(prices)
    .map(([name, picoUsd]) => `${name}=${Number(picoUsd) / (PER_ONE.has(name) ? 1e12 : 1e6)}`)
    .join(', ')
}
