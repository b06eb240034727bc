import type { IncomingMessage } from 'node:http'
import { DomainError } from '../lib/index.ts'

/**
 * The raw bytes of a request, read once.
 * @throws DomainError `body_too_large`, `content_encoding_unsupported`
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(
      new DomainError(
        'content_encoding_unsupported',
        'Send the body as it is, without Content-Encoding. Nothing was charged.',
      ),
    )
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (request.readableEnded) return Promise.resolve(parsedBefore(request))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) {
        request.removeAllListeners('data')
        request.resume()
        reject(tooLarge(maxBytes))
      } else chunks.push(chunk)
    })
    request.on('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)),
    )
    request.on('error', reject)
    request.on('close', () => {
      // Every request closes: an error, and its stack, are made only where somebody waits for it.
      if (!request.readableEnded)
        reject(new DomainError('bad_http', 'The request ended before its body did.'))
    })
  })
}

/** The app that a router of ours is mounted in may have a JSON parser of its own before it. */
function parsedBefore(request: IncomingMessage): Buffer {
  const parsed: unknown = Reflect.get(request, 'body')
  return Buffer.from(parsed === undefined ? '' : JSON.stringify(parsed))
}

function tooLarge(maxBytes: number): DomainError {
  return new DomainError('body_too_large', `The body is larger than ${maxBytes} bytes. Nothing was charged.`)
}
