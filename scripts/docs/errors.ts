import { PROBLEMS } from '../../src/http/index.ts'
import { ERROR_GROUPS, START_ERRORS } from './error-texts.ts'
import { anchor, code, generatedBy, page, table } from './markdown.ts'

const SHAPE = `Every error of the node has one shape (only \`/readyz\` answers its 503 with \`{"ready":false,"reasons":[…]}\`):

\`\`\`json
{
  "error": { "type": "…", "code": "…", "message": "…", "details": {}, "refund_token": "cashuB…" },
  "detail": { "error": { "…": "the same" } },
  "request_id": "call_…"
}
\`\`\`

\`details\` and \`refund_token\` are there when there is something to say, \`upstream_status\` when an upstream gave one. The
\`code\` is stable. The message is for people and says what became of the money. \`x-request-id\` is the id to name when you
ask the operator. \`Retry-After\` says when to come back. \`x-should-retry: false\` tells the official SDKs not to send the same
again.

If a one-shot payment (\`X-Cashu\`) had been taken in before a call failed, the error carries everything that is due in
\`X-Cashu\` and \`refund_token\`, and the refund route gives it again.

A stream that has begun cannot change its status. It ends with an event that holds \`error\`; what was delivered is charged.

In the column *retry*, *no* means that the answer carries \`x-should-retry: false\`.`

const START = `## At the start

These stop the start of a node, or a command, with the sentence on standard error. Callers never see them. Where there is a
status, it is that of the private listener.`

/** Where a code has no status of its own. */
const STATUS_WORDS: Readonly<Record<string, string>> = {
  upstream_rejected: 'the upstream’s',
  output_limit_passed: 'in a stream',
}

/** reference/errors.md: every code that an answer can have, then those that stop a start. */
export function errorsPage(): string {
  return page(
    generatedBy('src/http/problems.ts and scripts/docs/error-texts.ts'),
    '# Errors',
    SHAPE,
    ...ERROR_GROUPS.flatMap(({ title, about, errors }) => [
      `## ${title}`,
      about,
      table(
        ['code', 'status', 'retry', 'what happened', 'what to do'],
        Object.entries(errors).map(([name, { happened, cure }]) => {
          const kind = PROBLEMS[name]
          if (!kind)
            throw new Error(`scripts/docs/error-texts.ts has ${name}, and src/http/problems.ts has not`)
          const status = STATUS_WORDS[name] ?? String(kind.status)
          return [anchor(name) + code(name), status, kind.mayRetry === false ? 'no' : '', happened, cure]
        }),
      ),
    ]),
    START,
    table(
      ['code', 'status', 'what happened', 'what to do'],
      Object.entries(START_ERRORS).map(([name, { happened, cure }]) => [
        anchor(name) + code(name),
        String(PROBLEMS[name]?.status ?? ''),
        happened,
        cure,
      ]),
    ),
  )
}
