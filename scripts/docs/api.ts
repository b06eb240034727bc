import { z } from 'zod'
import { adminCommands } from '../../src/admin/index.ts'
import { ecashBody, wishBody } from '../../src/http/routes/wallet-input.ts'
import { version } from '../../src/lib/index.ts'
import { type Credential, type Operation, OPERATIONS } from './api-operations.ts'
import { errorBody } from './api-shapes.ts'
import { code, generatedBy, page, table } from './markdown.ts'
import { canonicalPath, type Route } from './routes.ts'

type Json = Readonly<Record<string, unknown>>

const SECURITY: Readonly<Record<Credential, readonly Json[]>> = {
  none: [],
  wallet: [{ key: [] }, { xApiKey: [] }],
  paid: [{ key: [] }, { xApiKey: [] }, { oneShot: [] }],
}

const SCHEMES: Json = {
  key: {
    type: 'http',
    scheme: 'bearer',
    description: 'An sk- key, or ecash (cashuA…, cashuB…), which opens a wallet and stays a name of it.',
  },
  xApiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same, in another place.' },
  oneShot: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Cashu',
    description: 'Ecash for this one call. The change is the X-Cashu header of the reply.',
  },
}

const REQUESTS: Readonly<Record<NonNullable<Operation['request']>, Json>> = {
  ecash: jsonSchema(ecashBody),
  wish: jsonSchema(wishBody),
  upstream: { type: 'object', required: ['model'], properties: { model: { type: 'string' } } },
}

/** The document without what a reader of it needs no schema for: OpenAPI 3.1 of the routes that the router really has. */
export function openApi(routes: readonly Route[]): string {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const { method, path } = split(name)
    const aliases = aliasesOf(routes, { method, path })
    if (aliases === undefined) throw new Error(`The router has no ${name}, which scripts/docs describes`)
    ;(paths[path] ??= {})[method] = operationObject(operation, { path, aliases })
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Farebox',
      version,
      summary: 'An AI gateway that is paid per request in Bitcoin ecash',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    paths,
    components: { securitySchemes: SCHEMES, schemas: { Error: jsonSchema(errorBody) } },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

const PRIVATE = `\`FAREBOX_ADMIN_LISTEN\`, by default \`http://127.0.0.1:8081\`: \`GET /metrics\`, \`/healthz\`, \`/readyz\`, and
\`POST /admin/commands/<name>\` with a JSON object and \`Authorization: Bearer\` with the token of this run, which stands in
\`control.json\` in the data directory. [The command line](cli.md) uses it; prefer that.`

/** reference/api.md: the same routes for people. */
export function apiPage(routes: readonly Route[]): string {
  return page(
    generatedBy('the router and scripts/docs/api-operations.ts'),
    '# HTTP routes',
    'Every route of the public listener. [`openapi.json`](openapi.json) has their shapes as OpenAPI 3.1. Errors have [one shape](errors.md).',
    '*Pays*: an `sk-` key, ecash as the key, or `X-Cashu`. *Wallet*: an `sk-` key or the ecash that opened it. [How](../call/paying.md).',
    table(
      ['route', 'what it does', 'credential', 'also at'],
      Object.entries(OPERATIONS).map(([name, { summary, notes, credential }]) => {
        const { method, path } = split(name)
        const aliases = aliasesOf(routes, { method, path }) ?? []
        const word = { none: '–', wallet: 'wallet', paid: 'pays' }[credential]
        const what = notes === undefined ? `${summary}.` : `${summary}. ${notes}`
        return [code(`${method.toUpperCase()} ${path}`), what, word, aliases.map(code).join(', ')]
      }),
    ),
    '## The private listener',
    PRIVATE,
    table(
      ['command', 'what it does'],
      adminCommands.map(({ name, describes }) => [code(name), describes]),
    ),
  )
}

/** Routes that the router has and nobody described. */
export function undescribed(routes: readonly Route[]): string[] {
  return routes
    .map(({ method, path }) => `${method} ${canonicalPath(path)}`)
    .filter((name) => OPERATIONS[name] === undefined)
}

function operationObject(
  { summary, notes, credential, request, answer }: Operation,
  { path, aliases }: { path: string; aliases: readonly string[] },
): Json {
  const isUnready = path === '/readyz' && answer
  return {
    summary,
    ...(notes !== undefined && { description: notes }),
    ...(path.includes('{id}') && {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    }),
    security: SECURITY[credential],
    ...(request && { requestBody: { content: json(REQUESTS[request]) } }),
    responses: {
      200: { description: 'Done', content: json(answer ? jsonSchema(answer) : { type: 'object' }) },
      ...(isUnready && { 503: { description: 'Not ready', content: json(jsonSchema(answer)) } }),
      default: { description: 'An error', content: json({ $ref: '#/components/schemas/Error' }) },
    },
    ...(aliases.length > 0 && { 'x-also-at': aliases }),
  }
}

function split(name: string): Route {
  const [method = '', path = ''] = name.split(' ')
  return { method, path }
}

/** Other paths that answer the same; undefined where the router has not even this one. */
function aliasesOf(routes: readonly Route[], { method, path }: Route): string[] | undefined {
  const all = routes.filter((route) => route.method === method && canonicalPath(route.path) === path)
  return all.some((route) => route.path === path)
    ? all.map((route) => route.path).filter((other) => other !== path)
    : undefined
}

function json(schema: Json): Json {
  return { 'application/json': { schema } }
}

function jsonSchema(shape: z.ZodType): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' })
  return schema
}
