import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ask, type Credentials, makeSchemes, type Payer, type Scheme } from '../../src/access/index.ts'
import { readEcash } from '../../src/cashu/index.ts'
import { PROBLEMS } from '../../src/http/problems.ts'
import { type Balance, balanceOf, type Hold, hold, settle, trialBalance } from '../../src/ledger/index.ts'
import { DomainError, newId } from '../../src/lib/index.ts'
import { type Msat, msat } from '../../src/money/index.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
let schemes: readonly Scheme[]
beforeAll(async () => {
  node = await startTestNode()
  schemes = makeSchemes(node.app.rooms)
})
afterAll(() => node[Symbol.asyncDispose]())

const NONE: Credentials = { authorization: undefined, apiKey: undefined, xCashu: undefined }
const bearer = (key: string): Credentials => ({ ...NONE, authorization: `Bearer ${key}` })
const freshEcash = (): Promise<string> => node.mint.mintEcash(300)
const spentEcash = async (): Promise<string> => {
  const ecash = await node.mint.mintEcash(300)
  node.mint.mark(ecash, 'SPENT')
  return ecash
}
const freshKey = async (): Promise<string> => {
  const { body } = await node.post('/v1/wallet/create', { cashu_token: await freshEcash() })
  return String(body['api_key'])
}

interface Example {
  /** A new credential worth about 300 sat. */
  readonly good: () => Promise<Credentials>
  /** Right in form, with nothing behind it. */
  readonly worthless: () => Promise<Credentials>
  readonly paysOnce: boolean
}

/** What each way to pay is tried with. A new scheme adds its own line. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  'one-shot': {
    good: async () => ({ ...NONE, xCashu: await freshEcash() }),
    worthless: async () => ({ ...NONE, xCashu: await spentEcash() }),
    paysOnce: true,
  },
  key: {
    good: async () => bearer(await freshKey()),
    worthless: async () => bearer(`sk-${'0'.repeat(64)}`),
    paysOnce: false,
  },
  'ecash-key': {
    good: async () => bearer(await freshEcash()),
    worthless: async () => bearer(await spentEcash()),
    paysOnce: false,
  },
}
const names = Object.keys(EXAMPLES)

function tools(name: string): { scheme: Scheme; example: Example } {
  const scheme = schemes.find((one) => one.name === name)
  const example = EXAMPLES[name]
  if (!scheme || !example) throw new Error(`no scheme or no example ${name}`)
  return { scheme, example }
}

function askOf(amount: Msat): Ask {
  return {
    tightened: async () => askOf(amount),
    floor: amount,
    gate: amount,
    ceiling: amount,
    formula: amount,
    gateWith: (fee) => msat(amount + fee),
    what: 'gpt-4o-mini',
  }
}
const ASK = askOf(msat(100_000n))

async function admit(name: string, credentials: Credentials, ask = ASK): Promise<Payer> {
  const { scheme } = tools(name)
  const credential = scheme.read(credentials)
  if (credential === undefined) throw new Error(`${name} does not read its own credential`)
  return scheme.admit(credential, ask)
}

function setAside(payer: Payer): Promise<Hold> {
  return node.app.rooms.storage.transact(async (tx) => {
    const callId = newId('call')
    const terms = { accountId: payer.accountId, atLeast: ASK.gate, atMost: ASK.ceiling, callId }
    const made = await hold(tx, { ...terms, boot: node.app.rooms.boot, terms: '{}', at: 1 })
    if (made.kind !== 'held') throw new Error('too little to hold')
    await payer.held(tx, made.hold)
    return made.hold
  })
}

function charge(payer: Payer, held: Hold, amount: Msat): Promise<{ change: string | undefined }> {
  return node.app.rooms.storage.transact(async (tx) => {
    const to = node.app.rooms.revenue
    const balance = await settle(tx, { hold: held, charge: amount, to, usage: '{}', at: 2 })
    const resolution = { balance, charge: amount, callId: held.callId, at: 2 }
    return { change: await payer.resolved(tx, resolution) }
  })
}

const balance = (payer: Payer): Promise<Balance> =>
  node.app.rooms.storage.read((tx) => balanceOf(tx, payer.accountId))

test('every scheme has an example, and a name of its own', () => {
  expect(schemes.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
})

describe.each(names)('the scheme %s', (name) => {
  test('reads its own credential, and none of the others in that place', async () => {
    const read: string[] = []
    for (const other of names) {
      const credentials = await tools(other).example.good()
      if (tools(name).scheme.read(credentials) !== undefined) read.push(other)
    }
    expect(read).toEqual([name])
    expect(tools(name).scheme.read(NONE)).toBeUndefined()
  })

  test('reads any header without a throw', () => {
    const header = fc.option(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `Bearer ${text}`),
      ),
      {
        nil: undefined,
      },
    )
    fc.assert(
      fc.property(fc.record({ authorization: header, apiKey: header, xCashu: header }), (credentials) => {
        const read = tools(name).scheme.read(credentials)
        expect(read === undefined || typeof read === 'string').toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('refuses a worthless credential by a known code, and moves no money', async () => {
    const credentials = await tools(name).example.worthless()
    const before = await node.app.rooms.storage.read(trialBalance)
    const refusal: unknown = await admit(name, credentials).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DomainError)
    const code = refusal instanceof DomainError ? refusal.code : ''
    const status = PROBLEMS[code]?.status ?? 0
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(await node.app.rooms.storage.read(trialBalance)).toMatchObject({
      byKind: before.byKind,
      openHolds: before.openHolds,
    })
  })

  test('many at once with one credential are one account, funded once', async () => {
    const credentials = await tools(name).example.good()
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => admit(name, credentials)))
    const payers = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refusals = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(new Set(payers.map(({ accountId }) => accountId)).size).toBe(1)
    // Ecash that pays for one call admits one; the others are told that it is running.
    expect(payers).toHaveLength(tools(name).example.paysOnce ? 1 : 8)
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'payment_running' })
    const [payer] = payers
    if (!payer) throw new Error('nobody was admitted')
    const { posted, reserved } = await balance(payer)
    expect(posted).toBeGreaterThan(290_000n)
    expect(posted).toBeLessThanOrEqual(300_000n)
    expect(reserved).toBe(0n)
  })

  test('what is left of a call goes back to the payer, to the msat', async () => {
    const payer = await admit(name, await tools(name).example.good())
    expect(payer.scheme).toBe(name)
    const { posted: brought } = await balance(payer)
    const { change } = await charge(payer, await setAside(payer), msat(12_345n))
    const left = brought - 12_345n
    const { paysOnce } = tools(name).example
    expect(await balance(payer)).toMatchObject({ posted: paysOnce ? 0n : left, reserved: 0n })
    // Whole sats go back as ecash to who keeps no balance here; what is under a sat is rounding.
    const given = change === undefined ? undefined : readEcash(change).faceSat
    expect(given).toBe(paysOnce ? Number(left / 1000n) : undefined)
  })

  test('who pays once is held once, while he has enough for two; a wallet as often as it can pay', async () => {
    const payer = await admit(name, await tools(name).example.good())
    const first = await setAside(payer)
    const second = await setAside(payer).catch(() => undefined)
    expect(second === undefined).toBe(tools(name).example.paysOnce)
    for (const held of [first, second]) if (held) await charge(payer, held, msat(1000n))
    expect(await balance(payer)).toMatchObject({ reserved: 0n })
  })

  test('too little is told with the exact need, and the books stay in balance', async () => {
    const payer = await admit(name, await tools(name).example.good())
    const error = await payer.short(msat(5n), askOf(msat(900_000n)))
    expect(error.details).toMatchObject({ minimum_msat: 900_000, available_msat: 5 })
    expect(await node.app.rooms.storage.read(trialBalance)).toMatchObject({ sum: 0n, wrongAccounts: [] })
  })
})
