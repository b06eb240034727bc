import type { Request, Response } from 'express'
import { RefundedError } from '../../access/index.ts'
import type { Visit } from '../../proxy/index.ts'
import { mindUnread } from '../express-reply.ts'
import type { NodeRooms } from '../node.ts'
import { problemAnswer, type RenderProblem } from '../send-problem.ts'
import type { Answer, KeyedRequest } from './answers.ts'
import { recordedReply } from './recorded-reply.ts'
import { Twins } from './twins.ts'

/** A paid call that may be repeated without being paid again. */
interface RepeatableCall {
  readonly request: Request
  readonly response: Response
  readonly visit: Visit
  readonly body: Buffer
  readonly route: string
  readonly render: RenderProblem
  /** Makes the call, on a visit that watches what becomes of it. */
  readonly serve: (visit: Visit) => Promise<void>
}

/** A call whose caller named it (`Idempotency-Key`): its answer is kept for a day, and given again. */
export async function keyedCall(rooms: NodeRooms, call: RepeatableCall, key: string): Promise<void> {
  const { answers } = rooms
  const keyed: KeyedRequest = { ...identityOf(rooms, call), key }
  const earlier = await answers.earlier(keyed)
  if (earlier) return replay(call.response, earlier)
  let isHeld = false
  let isKept = false
  const visit: Visit = {
    ...call.visit,
    reply: recordedReply(call.visit.reply, (answer) => {
      isKept = true
      return answers.keep(keyed, answer)
    }),
    held: async (tx, hold) => {
      await answers.claim(tx, keyed, hold)
      isHeld = true
    },
  }
  try {
    await call.serve(visit)
    // Its caller left in the middle of a stream: what was made for him is paid, and there is no whole answer to keep.
    if (!isKept) await answers.keep(keyed, undefined)
  } catch (error) {
    // Its ecash is used up, so the refund it carries is the answer for ever; for a wallet the same call may run again.
    if (isHeld && error instanceof RefundedError) await answers.keep(keyed, problemAnswer(error, call))
    else if (isHeld) await answers.forget(keyed)
    throw error
  }
}

/**
 * A call of an SDK that numbers its tries. One that was given up while the upstream worked is joined by the next try: one
 * charge, one answer.
 */
export async function numberedTry(rooms: NodeRooms, call: RepeatableCall, number: string): Promise<void> {
  const { twins } = rooms
  const id = Twins.idOf(identityOf(rooms, call))
  const earlier = number === '0' ? undefined : await twins.join(id)
  if (earlier) return replay(call.response, earlier)
  const end = twins.begin(id)
  let undelivered: Answer | undefined
  const { reply } = call.visit
  const keep = async (answer: Answer | undefined): Promise<void> => {
    if (reply.isGone()) undelivered = answer
  }
  try {
    await call.serve({ ...call.visit, reply: recordedReply(reply, keep) })
  } catch (error) {
    if (reply.isGone() && error instanceof RefundedError) undelivered = problemAnswer(error, call)
    throw error
  } finally {
    end(undelivered)
  }
}

/** Named by what pays and nothing else: a header that does not may be the same for strangers. */
function identityOf(rooms: NodeRooms, { visit, body, route }: RepeatableCall): Omit<KeyedRequest, 'key'> {
  const credential = rooms.access.credentialOf(visit.credentials) ?? ''
  return { credential, route, body, isOneShot: visit.credentials.xCashu !== undefined }
}

function replay(response: Response, { status, headers, body }: Answer): void {
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value])
  }
  response.setHeader('idempotency-replayed', 'true')
  response.setHeader('content-length', body.length)
  response.statusCode = status
  response.end(body)
  mindUnread(response)
}
