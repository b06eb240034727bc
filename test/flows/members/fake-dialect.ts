import type { Dialect, Problem } from '../../../src/dialects/canonical/dialect.ts'
import type { CostReport, Delivered, Meter } from '../../../src/dialects/canonical/meter.ts'
import type { AskedRequest } from '../../../src/dialects/canonical/request.ts'
import { NO_USAGE, type Usage } from '../../../src/dialects/canonical/usage.ts'
import { DomainError } from '../../../src/lib/index.ts'

/** A language of plain lines: the model on the first, what to say on the second; the answer is text with its price. */
export const lines: Dialect = {
  name: 'lines',
  method: 'POST',
  paths: ['/lines'],
  upstreamPath: '/chat/completions',
  readRequest,
  writeRequest: (body, asked, { model, outputLimit }) => {
    const [, content] = body.toString().split('\n')
    const messages = [{ role: 'user', content }]
    return Buffer.from(JSON.stringify({ model, messages, max_tokens: outputLimit ?? asked.outputLimit }))
  },
  promptText: (body) => ({ text: body.toString(), overhead: 0 }),
  meter: () => new LinesMeter(),
  renderProblem: (problem) => JSON.stringify(render(problem)),
  renderStreamProblem: (problem) => Buffer.from(`${JSON.stringify(render(problem))}\n`),
}

function render({ code, message, requestId }: Problem): Record<string, string> {
  return { code, message, request_id: requestId }
}

function readRequest(body: Buffer): AskedRequest {
  const [model, text] = body.toString().split('\n')
  if (!model || !text) throw new DomainError('invalid_request', 'Write the model, and below it what to say.')
  return {
    kind: 'generate',
    model,
    stream: false,
    wantsUsage: false,
    choices: 1,
    outputLimit: 40,
    inputBound: text.length + 16,
    inputEstimate: Math.ceil(text.length / 4),
    images: 0,
    features: [],
    featureFields: [],
    dropped: [],
    promptCharacters: text.length,
    formulaOutputTokens: 40,
  }
}

class LinesMeter implements Meter {
  #text = ''
  #reply: unknown

  push(chunk: Buffer): Buffer {
    this.#text += chunk.toString()
    return Buffer.alloc(0)
  }

  end(): void {
    this.#reply = JSON.parse(this.#text)
  }

  delivered(): Delivered {
    return { outputEstimate: Math.ceil(this.#answer().length / 4), hasContent: this.#answer() !== '' }
  }

  usage(): Usage {
    const count = (name: string): number => Number(at(this.#reply, 'usage', name))
    return {
      ...NO_USAGE,
      requests: 1,
      inputTokens: count('prompt_tokens'),
      outputTokens: count('completion_tokens'),
    }
  }

  isComplete(): boolean {
    return this.#answer() !== ''
  }

  failure(): string | undefined {
    return undefined
  }

  finish(cost: CostReport | undefined): Buffer {
    return Buffer.from(`${JSON.stringify({ line: this.#answer(), msats: Number(cost?.totalMsats) })}\n`)
  }

  #answer(): string {
    const content = at(this.#reply, 'choices', '0', 'message', 'content')
    return typeof content === 'string' ? content : ''
  }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined
  }
  return found
}
