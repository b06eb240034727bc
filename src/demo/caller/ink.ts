/** How text is set off. On paper, and for programs, not at all. */
export interface Ink {
  bold(text: string): string
  faint(text: string): string
  quote(text: string): string
  good(text: string): string
  bad(text: string): string
}

const plain = (text: string): string => text

export const plainInk: Ink = { bold: plain, faint: plain, quote: plain, good: plain, bad: plain }

const styled =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001B[${on}m${text}\u001B[${off}m`

/** For terminals (ECMA-48 SGR). */
export const terminalInk: Ink = {
  bold: styled(1, 22),
  faint: styled(2, 22),
  quote: styled(36, 39),
  good: styled(32, 39),
  bad: styled(31, 39),
}
