import { setTimeout as delay } from 'node:timers/promises'

/** What a caller sees of one request. `cut`: the head came, and then the connection broke. */
export interface Seen {
  readonly kind: 'answer' | 'cut' | 'nothing'
  readonly status: number
  readonly headers: Headers
  /** As far as it came. */
  readonly text: string
}

export interface Question {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const RETRIED = [408, 425, 429, 503]
const TRIES = 12
const PAUSE_MS = 250

export async function ask(baseUrl: string, question: Question): Promise<Seen> {
  const { method = 'POST', path, headers = {}, body } = question
  let response: Response
  try {
    response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
    })
  } catch {
    return { kind: 'nothing', status: 0, headers: new Headers(), text: '' }
  }
  const { status } = response
  let text = ''
  try {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    return { kind: 'answer', status, headers: response.headers, text }
  } catch {
    return { kind: 'cut', status, headers: response.headers, text }
  }
}

/** As an SDK does: what was not answered at all is sent again, and so is what the node asks to repeat; a cut stream is not. */
export async function askAgain(baseUrl: string, question: Question): Promise<Seen> {
  let seen = await ask(baseUrl, question)
  for (let i = 1; i < TRIES && mayRepeat(seen); i += 1) {
    await delay(PAUSE_MS)
    seen = await ask(baseUrl, question)
  }
  return seen
}

/** Whether an SDK would send the request again. A whole reply that was cut reached nobody. */
export function mayRepeat({ kind, status, headers }: Seen): boolean {
  if (kind === 'answer') return RETRIED.includes(status)
  return kind === 'nothing' || !headers.get('content-type')?.startsWith('text/event-stream')
}

export function jsonOf({ text }: Seen): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text)
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}

/** The words of an answer, whole or streamed, as far as they came. */
export function wordsOf({ text }: Seen): string {
  if (!text.startsWith('data:')) return contentOf(text, 'message')
  const events = text.split('\n\n').filter((event) => event.startsWith('data: {'))
  return events.map((event) => contentOf(event.slice('data: '.length), 'delta')).join('')
}

function contentOf(json: string, member: 'message' | 'delta'): string {
  try {
    const parsed: { choices?: Record<string, { content?: string | null } | undefined>[] } = JSON.parse(json)
    return parsed.choices?.[0]?.[member]?.content ?? ''
  } catch {
    return ''
  }
}
