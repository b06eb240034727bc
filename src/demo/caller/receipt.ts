import { type Ink, plainInk } from './ink.ts'

/** An amount of a sum, in msat. */
export interface Line {
  readonly label: string
  readonly msat: bigint
  readonly note?: string
  /** Shown, but no part of the sum. */
  readonly isAside?: boolean
}

export interface Step {
  readonly title: string
  readonly request: string
  readonly answer: string | undefined
  readonly lines: readonly Line[]
  /** What the lines come to. */
  readonly total: Line
}

const WIDTH = 78
const LABEL_WIDTH = 26
const AMOUNT_WIDTH = 13

export function heading(title: string, aside: string, ink: Ink = plainInk): string {
  return [`${ink.bold(title)}  ${ink.faint(aside)}`, ink.faint('─'.repeat(WIDTH))].join('\n')
}

/** A step as it is printed, `number` before it. */
export function showStep(step: Step, number: number, ink: Ink = plainInk): string {
  const title = ` ${number}  ${step.title}`
  const request = step.request.padStart(WIDTH - title.length)
  const answer = step.answer === undefined ? [] : quoted(step.answer).map((line) => `    ${ink.quote(line)}`)
  return [ink.bold(title) + ink.faint(request), ...answer, showSum(step.lines, step.total, ink)].join('\n')
}

/** Lines, and what they come to. */
export function showSum(lines: readonly Line[], total: Line, ink: Ink = plainInk): string {
  const shown = lines.map((line) => (line.isAside ? ink.faint(showLine(line)) : showLine(line, ink)))
  return [...shown, ink.bold(showLine({ ...total, label: `= ${total.label}` }))].join('\n')
}

function showLine({ label, msat, note, isAside }: Line, ink: Ink = plainInk): string {
  const amount = isAside ? `(${sats(msat)})` : `${sats(msat)} `
  const end = note === undefined ? '' : `   ${ink.faint(note)}`
  return `     ${label.padEnd(LABEL_WIDTH)}${amount.padStart(AMOUNT_WIDTH)}${end}`.trimEnd()
}

/** msat as sat, to the thousandth: −1,234.567. */
function sats(msat: bigint): string {
  const size = msat < 0n ? -msat : msat
  const whole = (size / 1000n).toString().replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return `${msat < 0n ? '−' : ''}${whole}.${(size % 1000n).toString().padStart(3, '0')}`
}

/** A quotation in lines that fit below a title. */
function quoted(text: string): string[] {
  const lines = ['']
  for (const word of `“${text.trim()}”`.split(/\s+/)) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + word.length < WIDTH - 4) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
