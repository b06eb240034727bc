import type { AddressInfo } from 'node:net'
import express from 'express'
import { App } from '../../../src/app.ts'
import { paywall } from '../../../src/http/index.ts'
import { armFailpoint } from '../../../src/lib/index.ts'
import { satToMsat } from '../../../src/money/index.ts'
import { appOptions } from './options.ts'

/** Somebody's own server, with a route of it behind a wall, in a process of its own. */
const [dataDir = '', mint = '', upstream = '', failpoint = ''] = process.argv.slice(2)
armFailpoint(failpoint)
const { rooms } = await App.open(appOptions({ dataDir, mint: { url: mint }, upstream: { url: upstream } }))
const shop = express()
shop.get('/joke', paywall({ rooms, price: satToMsat(7) }), (_, response) => void response.send('a joke'))
const server = shop.listen(0, '127.0.0.1', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has this kind of address
  process.stdout.write(`Farebox listens on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
