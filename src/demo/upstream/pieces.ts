/** A part of a reply's body, named by what it carries, so that a misbehaviour can say where it strikes. */
export interface Piece {
  readonly kind: 'content' | 'usage' | 'done'
  readonly text: string
}

export interface Reply {
  readonly stream: boolean
  readonly pieces: readonly Piece[]
}

/**
 * A whole reply in pieces: the content in two halves, the usage, and the last brace. `usage` undefined leaves the member out.
 */
export function wholeReply(value: Readonly<Record<string, unknown>>, usage: unknown): Reply {
  const content = JSON.stringify(value).slice(0, -1)
  const middle = Math.ceil(content.length / 2)
  const pieces: Piece[] = [
    { kind: 'content', text: content.slice(0, middle) },
    { kind: 'content', text: content.slice(middle) },
  ]
  if (usage !== undefined) pieces.push({ kind: 'usage', text: `,"usage":${JSON.stringify(usage)}` })
  pieces.push({ kind: 'done', text: '}' })
  return { stream: false, pieces }
}

/** One event of a stream. */
export function event(kind: Piece['kind'], value: unknown): Piece {
  return { kind, text: `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n` }
}
