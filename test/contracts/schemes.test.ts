import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ask, type Credentials, makeSchemes, type Payer, type Scheme } from '../../src/access/index.ts'
import { PROBLEMS } from '../../src/http/problems.ts'
import { balanceOf, type Hold, hold, settle, trialBalance } from '../../src/ledger/index.ts'
import { DomainError, newId } from '../../src/lib/index.ts'
import { type Msat, msat, satToMsat } from '../../src/money/index.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const NONE: Credentials = { authorization: undefined, apiKey: undefined, xCashu: undefined }
const CHARGE = msat(12_345n)

/** What each way to pay needs to be tried: a good credential worth 300 sat, and bad ones. A new scheme adds its own. */
interface Example {
  readonly good: () => Promise<Credentials>
  /** Right in form, but nothing is behind it. */
  readonly worthless: () => Promise<Credentials>
  readonly givesChange: boolean
}
const bearer = (key: string): Credentials => ({ ...NONE, authorization: `Bearer ${key}` })
const foreign = (): Promise<string> =>
  node.mint.mintEcash(300).then((ecash) => node.mint.redeem?.(ecash) ?? ecash)
