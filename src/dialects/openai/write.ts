import { type Edit, type JsonMember, scanJson, splice } from '../../lib/index.ts'

/** Where the members of a body stand, for as long as the body itself is kept. */
const scanned = new WeakMap<Buffer, readonly JsonMember[]>()

export function rememberMembers(body: Buffer, members: readonly JsonMember[]): void {
  scanned.set(body, members)
}

interface BodyChanges {
  readonly dropped: readonly string[]
  /** The new JSON text of a member, given its old text; the same text leaves it as it is. */
  readonly rewrite: (key: string, old: () => string) => string | undefined
  /** Members to add at the end, as `"key":value`. */
  readonly added: (isPresent: (key: string) => boolean) => readonly string[]
}

/** A request body with members dropped, exchanged and added; every other byte is as it came. */
export function rewriteBody(body: Buffer, changes: BodyChanges): Buffer {
  const members = scanned.get(body) ?? scanJson(body).members
  const edits: Edit[] = []
  let lastKept = -1
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index]
    if (!member) break
    if (changes.dropped.includes(member.key)) {
      edits.push(removal(members, index, lastKept < 0))
      continue
    }
    lastKept = index
    const { valueStart: from, valueEnd: to } = member
    const text = changes.rewrite(member.key, () => body.toString('utf8', from, to))
    if (text !== undefined) edits.push({ from, to, text })
  }
  const end = members.at(-1)?.valueEnd ?? 0
  const added = changes.added((key) => members.some((member) => member.key === key))
  if (added.length > 0) edits.push({ from: end, to: end, text: `,${added.join(',')}` })
  return splice(body, edits)
}

/** Takes the comma before a member along, or, where nothing is kept before it, the one after it. */
function removal(members: readonly JsonMember[], index: number, isLeading: boolean): Edit {
  const member = members[index]
  const to = isLeading ? members[index + 1]?.keyStart : member?.valueEnd
  const from = isLeading ? member?.keyStart : members[index - 1]?.valueEnd
  return { from: from ?? 0, to: to ?? 0, text: '' }
}
