import { type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { pathOf, readBody, sendJson } from '../wire.ts'
import { type FaultKind } from './faults.ts'
import { type Answer } from './routes.ts'

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly fault: FaultKind | undefined
  /** Runs the request; called at most once. */
  readonly execute: (call: string, body: string) => Answer
}

/** Reads, executes and answers one request, or makes it fail in the way that `fault` says. */
export async function serveRequest({ req, res, fault, execute }: Exchange): Promise<void> {
  if (fault === 'down') {
    req.socket.resetAndDestroy()
    return
  }
  const body = await readBody(req)
  const run = (): Answer => execute(`${req.method} ${pathOf(req)}`, body)
  if (typeof fault === 'object') {
    req.socket.destroy()
    await delay(fault.late)
    run()
    return
  }
  if (fault === undefined) {
    const { status, body: value } = run()
    sendJson(res, status, value)
    return
  }
  fail(res, fault, run)
}

function fail(res: ServerResponse, fault: Exclude<FaultKind, 'down' | object>, run: () => Answer): void {
  switch (fault) {
    case 'drop_before':
      res.destroy()
      return
    case 'drop_after':
      run()
      res.destroy()
      return
    case 'truncate':
      truncate(res, run())
      return
    case 'status_503':
      sendJson(res, 503, { detail: 'The mint is busy' })
      return
    case 'status_429':
      res.setHeader('retry-after', '1')
      sendJson(res, 429, { detail: 'Rate limit exceeded' })
      return
    case 'hang':
  }
}

function truncate(res: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.write(text.slice(0, text.length / 2), () => res.destroy())
}
