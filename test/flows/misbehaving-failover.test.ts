import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { type Behaviour, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { balanceOf, chargeOf, eventsOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const REPORTED = chargeOf({ input: 10, output: 20 })

type Configs = Parameters<typeof App.open>[0]['upstreams']

const upstreams: Upstream[] = []
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farebox-prices-'))
})
afterEach(async () => {
  await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
  rmSync(folder, { recursive: true, force: true })
})
