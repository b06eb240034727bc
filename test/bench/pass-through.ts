/** What Farebox is compared with: the leanest proxy on `node:http` and undici, which knows nothing of money. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { answers, listening } from './ipc.ts'

const upstream = new Pool(`http://127.0.0.1:${process.env['UPSTREAM_PORT']}`)

function forward(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
  let control: Dispatcher.DispatchController | undefined
  const headers = { 'content-type': 'application/json', authorization: req.headers.authorization ?? '' }
  res.on('close', () => {
    if (!res.writableFinished) control?.abort(new Error('the client left'))
  })
  upstream.dispatch(
    { method: 'POST', path: req.url ?? '/', headers, body },
    {
      onRequestStart: (controller) => void (control = controller),
      onResponseStart: (_, status, { 'content-type': type, 'content-length': length }) => {
        const sized = length === undefined ? {} : { 'content-length': String(length) }
        res.writeHead(status, { 'content-type': String(type), ...sized })
      },
      onResponseData: (controller, chunk) => {
        if (res.write(chunk)) return
        controller.pause()
        res.once('drain', () => controller.resume())
      },
      onResponseEnd: () => void res.end(),
      onResponseError: () => {
        if (!res.headersSent) res.writeHead(502)
        res.end()
      },
    },
  )
}

const server = createServer((req, res) => {
  const pieces: Buffer[] = []
  req.on('data', (piece: Buffer) => pieces.push(piece))
  req.on('end', () => {
    const [only] = pieces
    forward(req, res, pieces.length === 1 && only ? only : Buffer.concat(pieces))
  })
})

answers({ port: () => listening(server) })
