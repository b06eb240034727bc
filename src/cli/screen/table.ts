import type { Ink } from './ink.ts'

interface Column {
  readonly head: string
  /** It gives way when the table is too wide, and breaks its text into lines. */
  readonly mayWrap?: boolean
  /** Figures stand at the right. */
  readonly isFigure?: boolean
}

export interface Cell {
  readonly text: string
  readonly style: keyof Ink
}

export type CellText = string | Cell

const GAP = 2
const LEAST = 12
/** Up to this length, a word is broken only where nothing else helps. */
const LONG_WORD = 44

/** Rows below a head, as wide as they need to be; where that is more than `width`, columns that may wrap do. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly CellText[])[],
  { width, ink }: { width: number; ink: Ink },
): string {
  const widths = widthsOf(columns, rows, width)
  const head = columns.map((column, i) => pad(column, column.head, widths[i] ?? 0))
  const lines = [ink.faint(head.join(' '.repeat(GAP)).trimEnd())]
  for (const row of rows) lines.push(...renderRow(columns, { row, widths, ink }))
  return lines.join('\n')
}

/** How wide each column is: as wide as its text, or less where the table would be too wide. */
function widthsOf(
  columns: readonly Column[],
  rows: readonly (readonly CellText[])[],
  width: number,
): number[] {
  const texts = columns.map(({ head }, i) => [head, ...rows.map((row) => textOf(row[i] ?? ''))])
  const widths = texts.map((all) => Math.max(...all.map(lengthOf)))
  const words = texts.map((all) => Math.max(...all.flatMap((text) => text.split(/\s/)).map(lengthOf)))
  const room = width - GAP * (columns.length - 1)
  const shrink = (least: (column: number) => number): void => {
    while (sum(widths) > room) {
      // The widest gives way first, so that all that may wrap end about equally wide.
      const slack = columns.map(({ mayWrap }, i) => (mayWrap === true ? (widths[i] ?? 0) - least(i) : 0))
      const given = widest(widths.map((each, i) => ((slack[i] ?? 0) > 0 ? each : 0)))
      if (given === undefined) return
      widths[given] = (widths[given] ?? 0) - 1
    }
  }
  shrink((i) => Math.min(LONG_WORD, words[i] ?? 0))
  shrink(() => LEAST)
  return widths
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, each) => total + each, 0)
}

/** The place of the largest figure above zero. */
function widest(figures: readonly number[]): number | undefined {
  const most = Math.max(...figures)
  return most > 0 ? figures.indexOf(most) : undefined
}

function renderRow(
  columns: readonly Column[],
  { row, widths, ink }: { row: readonly CellText[]; widths: readonly number[]; ink: Ink },
): string[] {
  const cells = columns.map((_, i) => wrap(textOf(row[i] ?? ''), widths[i] ?? 0))
  const height = Math.max(1, ...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((column, i) => {
      const text = cells[i]?.[line] ?? ''
      const padded = pad(column, text, widths[i] ?? 0)
      // The blanks stay outside, where an underline or a background would show them.
      return padded.replace(text, () => styled(row[i] ?? '', text, ink))
    })
    return parts.join(' '.repeat(GAP)).trimEnd()
  })
}

function styled(cell: CellText, text: string, ink: Ink): string {
  return typeof cell === 'string' ? text : ink[cell.style](text)
}

function textOf(cell: CellText): string {
  return printable(typeof cell === 'string' ? cell : cell.text)
}

/** Names and errors come from upstreams and mints too, and must not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '·')
}

function lengthOf(text: string): number {
  return Math.max(0, ...text.split('\n').map((line) => line.length))
}

function pad({ isFigure }: Column, text: string, width: number): string {
  return isFigure === true ? text.padStart(width) : text.padEnd(width)
}

/** Text in lines of at most `width`: broken at blanks, and within a word only where it is longer than a line. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    for (const word of paragraph.split(' ').flatMap((each) => pieces(each, width))) {
      const longer = line === '' ? word : `${line} ${word}`
      if (longer.length <= width) line = longer
      else {
        if (line !== '') lines.push(line)
        line = word
      }
    }
    return [...lines, line]
  })
}

function pieces(word: string, width: number): string[] {
  if (word.length <= width || width < 1) return [word]
  return Array.from({ length: Math.ceil(word.length / width) }, (_, i) =>
    word.slice(i * width, (i + 1) * width),
  )
}
