import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, pathOf, readBody, sendJson, stop, wasCut } from '../wire.ts'
import { chatReply, plainAnswer } from './chat.ts'
import { embeddingsReply } from './embeddings.ts'
import { Gate } from './gate.ts'
import { type Misbehaviour, type MisbehaviourName, misbehaviourNamed } from './misbehaviours.ts'
import { sendReply } from './send.ts'
import { BadBody, type ChatBody, type EmbeddingsBody, readChat, readEmbeddings } from './shapes.ts'

/** Ids that price lists know. */
const MODELS = [
  'gpt-4o-mini',
  'gpt-4o',
  'gpt-4.1',
  'gpt-4.1-mini',
  'gpt-4.1-nano',
  'o4-mini',
  'text-embedding-3-small',
  'text-embedding-3-large',
]
const KEPT_REQUESTS = 1000

interface CapturedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Behaviour =
  | MisbehaviourName
  | Misbehaviour
  | ((request: CapturedRequest) => MisbehaviourName | Misbehaviour | undefined)

export interface UpstreamOptions {
  /** Default: any free port. */
  readonly port?: number
  readonly models?: readonly string[]
  /** Any other bearer key is 401. Default: every key is good. */
  readonly key?: string
  /** What is answered to the last user message; the same text gives the same count of tokens. */
  readonly answer?: (prompt: string) => string
  readonly behave?: Behaviour
}

interface UpstreamStats {
  /** Completions and embeddings that were asked for. */
  readonly calls: number
  /** Replies during which the client went away. */
  readonly aborted: number
  /** Calls that stand at the gate now. */
  readonly waiting: number
}

export interface Upstream {
  /** Base URL with its `/v1`. */
  readonly url: string
  /** The last 1,000 requests, oldest first. */
  readonly requests: readonly CapturedRequest[]
  readonly stats: UpstreamStats
  /** How all calls from now on are answered that do not choose for themselves; undefined: well. */
  behave(behaviour: Behaviour | undefined): void
  /** Lets no completion or embedding begin its reply until `release`. */
  hold(): void
  release(): void
  close(): Promise<void>
}

interface Context {
  readonly options: UpstreamOptions
  readonly models: readonly string[]
  readonly gate: Gate
  readonly requests: CapturedRequest[]
  readonly counts: { calls: number; aborted: number }
  behaviour: Behaviour | undefined
}

/** Starts an OpenAI-compatible API on 127.0.0.1: models, chat completions (whole and streamed) and embeddings. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const context: Context = {
    options,
    models: options.models ?? MODELS,
    gate: new Gate(),
    requests: [],
    counts: { calls: 0, aborted: 0 },
    behaviour: options.behave,
  }
  const server = createServer((req, res) => {
    // The only rejection is a client that went away while its request was read.
    serve(context, req, res).catch(() => res.destroy())
  })
  const origin = await listen(server, options.port)
  return {
    url: `${origin}/v1`,
    requests: context.requests,
    get stats() {
      return { ...context.counts, waiting: context.gate.waiting }
    },
    behave: (behaviour) => {
      context.behaviour = behaviour
    },
    hold: () => {
      context.gate.hold()
    },
    release: () => {
      context.gate.release()
    },
    close: async () => {
      context.gate.release()
      await stop(server)
    },
  }
}

async function serve(context: Context, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = {
    method: req.method ?? '',
    path: req.url ?? '',
    headers: req.headers,
    body: await readBody(req),
  }
  context.requests.push(request)
  if (context.requests.length > KEPT_REQUESTS) context.requests.shift()
  const { key } = context.options
  if (key !== undefined && req.headers.authorization !== `Bearer ${key}`) {
    refuse(res, 401, 'Incorrect API key provided')
    return
  }
  const call = `${request.method} ${pathOf(req)}`
  if (call === 'GET /v1/models') listModels(context, res)
  else if (call === 'POST /v1/chat/completions' || call === 'POST /v1/embeddings')
    await complete(context, res, request)
  else refuse(res, 404, `Unknown request URL: ${call}`)
}

async function complete(context: Context, res: ServerResponse, request: CapturedRequest): Promise<void> {
  context.counts.calls += 1
  res.once('close', () => {
    if (!res.writableFinished && !wasCut(res)) context.counts.aborted += 1
  })
  await context.gate.pass()
  if (res.destroyed) return
  try {
    await reply(context, res, request)
  } catch (error) {
    if (!(error instanceof BadBody)) throw error
    refuse(res, 400, error.message)
  }
}

async function reply(context: Context, res: ServerResponse, request: CapturedRequest): Promise<void> {
  const order = orderOf(request)
  const { model, how } = choose(context, request, order.body)
  if (how.instead) {
    res.writeHead(how.instead.status, how.instead.headers)
    res.end(how.instead.body)
    return
  }
  if (!context.models.includes(model) && !context.models.includes(order.body.model)) {
    refuse(res, 404, `The model '${model}' does not exist`)
    return
  }
  const { answer = plainAnswer } = context.options
  const made =
    order.kind === 'chat'
      ? chatReply({ body: order.body, model, how, answer })
      : embeddingsReply(order.body, model, how)
  await sendReply(res, made, how)
}

type Order =
  | { readonly kind: 'chat'; readonly body: ChatBody }
  | { readonly kind: 'embeddings'; readonly body: EmbeddingsBody }

function orderOf({ path, body }: CapturedRequest): Order {
  return path.includes('/chat/')
    ? { kind: 'chat', body: readChat(body) }
    : { kind: 'embeddings', body: readEmbeddings(body) }
}

/** A request's own choice goes before that of the test: the end of its model's name, then its `user`. */
function choose(
  { behaviour }: Context,
  request: CapturedRequest,
  body: ChatBody | EmbeddingsBody,
): { model: string; how: Misbehaviour } {
  const at = body.model.lastIndexOf('@')
  const byModel = at === -1 ? undefined : misbehaviourNamed(body.model.slice(at + 1))
  const model = byModel === undefined ? body.model : body.model.slice(0, at)
  const byTest = typeof behaviour === 'function' ? behaviour(request) : behaviour
  const named = typeof byTest === 'string' ? misbehaviourNamed(byTest) : byTest
  return { model, how: byModel ?? misbehaviourNamed(body.user ?? '') ?? named ?? {} }
}

function listModels({ models }: Context, res: ServerResponse): void {
  const data = models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'double' }))
  sendJson(res, 200, { object: 'list', data })
}

function refuse(res: ServerResponse, status: number, message: string): void {
  sendJson(res, status, { error: { message, type: 'invalid_request_error', param: null, code: null } })
}
