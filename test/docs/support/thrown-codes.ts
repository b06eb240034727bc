import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A place that makes an error with a code. */
interface Thrown {
  readonly file: string
  readonly code: string
}

const MADE = /\bnew (?:DomainError|RefundedError)\(|\bextends DomainError\b[^]*?\bsuper\(/g
const LITERAL = /'([A-Za-z_]+)'/g
const MEMBER = /\bcode: '([A-Za-z_]+)'/g

/** Every code that the sources write where an error is made: as the first argument, or as a member `code`. */
export function thrownCodes(root: string): Thrown[] {
  const files = globSync('**/*.ts', { cwd: root, exclude: ['**/*.test.ts', 'demo/**', '**/__fixtures__/**'] })
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return codesIn(text).map((code) => ({ file, code }))
  })
}

export function codesIn(text: string): string[] {
  return [...text.matchAll(MADE)].flatMap(({ 0: made, index }) => {
    const [first = '', second = ''] = argumentsOf(text.slice(index + made.length))
    if (made.includes('RefundedError')) return literals(second, MEMBER)
    // A name stands for what was written where it was made.
    const written = /^\w+$/.test(first) ? (new RegExp(`const ${first} = (.*)`).exec(text)?.[1] ?? '') : first
    return literals(written.replace(/^[^?]*===[^?]*\?/, ''), LITERAL)
  })
}

function literals(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, code = '']) => code)
}

/** The first two arguments of a call whose bracket has just been opened. */
function argumentsOf(text: string): string[] {
  const found: string[] = []
  let [depth, begun] = [0, 0]
  for (let at = 0; at < text.length && found.length < 2; at += 1) {
    const character = text[at] ?? ''
    if ('([{'.includes(character)) depth += 1
    if (')]}'.includes(character)) depth -= 1
    if (depth >= 0 && !(depth === 0 && character === ',')) continue
    found.push(text.slice(begun, at).trim())
    begun = at + 1
    if (depth < 0) return found
  }
  return found
}
