import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { renderOpenAiProblem } from '../dialects/index.ts'
import { DomainError, newId } from '../lib/index.ts'
import { isOpenToAll } from './middleware/common-headers.ts'
import type { NodeRooms } from './node.ts'
import { toProblem } from './problems.ts'

/** Ecash with many proofs travels in a header. */
export const HEADER_BYTES_MAX = 65_536

/** What Node's parser refuses before Express sees it, in our shape. @returns the code, unless nobody is there to hear it */
export function refuseClient(
  error: NodeJS.ErrnoException,
  { socket, rooms }: { socket: Duplex; rooms: Pick<NodeRooms, 'log' | 'corsOrigins'> },
): string | undefined {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return undefined
  }
  const known = problemOf(error.code)
  const requestId = newId('call')
  rooms.log('http_rejected', { callId: requestId, code: known.code })
  const { problem } = toProblem(known, requestId)
  const body = renderOpenAiProblem(problem)
  const cors = isOpenToAll(rooms) ? 'access-control-allow-origin: *\r\n' : ''
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: application/json\r\n` +
      `x-request-id: ${requestId}\r\nx-routstr-request-id: ${requestId}\r\n${cors}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  return known.code
}

function problemOf(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new DomainError(
      'headers_too_large',
      `The headers are larger than ${HEADER_BYTES_MAX} bytes. Send large ecash in the body of POST /v1/wallet/create. Nothing was charged.`,
    )
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new DomainError(
      'request_timeout',
      'The request came too slowly: its headers have 15 seconds and all of it two minutes. Nothing was charged.',
    )
  }
  return new DomainError('bad_http', 'This is not a request that the node can read. Nothing was charged.')
}
