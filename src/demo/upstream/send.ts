import { once } from 'node:events'
import { type ServerResponse } from 'node:http'
import { setImmediate as tick, setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { cut, cutAfterFlush } from '../wire.ts'
import { errorIn } from './chat.ts'
import { type Misbehaviour, type Spot } from './misbehaviours.ts'
import { type Piece, type Reply } from './pieces.ts'

/** Writes a reply as its misbehaviour wants it. Resolves when it has been written, cut or has fallen silent for ever. */
export async function sendReply(res: ServerResponse, reply: Reply, how: Misbehaviour): Promise<void> {
  if (how.hang === 'before_head') return
  if (how.cut === 'before_head') {
    cut(res)
    return
  }
  const pieces = bent(reply, how)
  const whole = pieces.map((piece) => piece.text).join('')
  const body = how.gzip === true ? gzipSync(whole) : undefined
  for (const [name, value] of Object.entries(how.headers ?? {})) res.setHeader(name, value)
  res.setHeader('content-type', reply.stream ? 'text/event-stream; charset=utf-8' : 'application/json')
  if (body) res.setHeader('content-encoding', 'gzip')
  if (!reply.stream) res.setHeader('content-length', body?.length ?? Buffer.byteLength(whole))
  res.flushHeaders()
  if (body) res.end(body)
  else await writePieces(res, pieces, how)
}

async function writePieces(res: ServerResponse, pieces: readonly Piece[], how: Misbehaviour): Promise<void> {
  const cutAt = how.cut === undefined ? -1 : indexOf(how.cut, pieces)
  const hangAt = how.hang === undefined ? -1 : indexOf('mid_content', pieces)
  for (const [i, piece] of pieces.entries()) {
    if (how.delayMs !== undefined) await delay(how.delayMs)
    if (res.destroyed) return
    if (i === hangAt) return
    if (i === cutAt) {
      // Node writes what is corked at the end of the turn; the cut is to be seen after that, not instead of it.
      await tick()
      cutAfterFlush(res)
      return
    }
    await (how.bytewise === true ? writeBytes(res, piece.text) : write(res, piece.text))
  }
  res.end()
}

/** Before which piece a spot is. */
function indexOf(spot: Spot, pieces: readonly Piece[]): number {
  const contents = pieces.filter((piece) => piece.kind === 'content').length
  const done = pieces.findIndex((piece) => piece.kind === 'done')
  const usage = pieces.findIndex((piece) => piece.kind === 'usage')
  const last = done === -1 ? pieces.length - 1 : done
  const indexes = {
    before_head: 0,
    after_head: 0,
    mid_content: Math.ceil(contents / 2),
    before_usage: usage === -1 ? last : usage,
    before_done: last,
  }
  return indexes[spot]
}

/** The pieces after the changes that need no clock. */
function bent({ stream, pieces }: Reply, how: Misbehaviour): Piece[] {
  const kept = how.noDone === true && stream ? pieces.filter((piece) => piece.kind !== 'done') : [...pieces]
  const failed = how.error === undefined ? kept : failedAt(how.error, kept, stream)
  return how.crlf === true && stream
    ? failed.map((piece) => ({ ...piece, text: piece.text.replaceAll('\n', '\r\n') }))
    : failed
}

function failedAt(at: 'first' | 'mid_content', pieces: Piece[], stream: boolean): Piece[] {
  const before = at === 'first' || !stream ? [] : pieces.slice(0, indexOf('mid_content', pieces))
  return [...before, ...errorIn(stream)]
}

async function write(res: ServerResponse, text: string): Promise<void> {
  if (res.write(text)) return
  // What did not come of the two must not go on listening.
  const over = new AbortController()
  const { signal } = over
  await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })])
  over.abort()
}

async function writeBytes(res: ServerResponse, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (res.destroyed) return
    res.write(Buffer.of(byte))
    await tick()
  }
}
