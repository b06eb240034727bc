import { styleText } from 'node:util'

/** How text is set off: on terminals that show colours, and nowhere else. */
export interface Ink {
  bold(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
}

export const plainInk: Ink = { bold: same, faint: same, good: same, bad: same }

export const colourInk: Ink = {
  bold: (text) => styled('bold', text),
  faint: (text) => styled('dim', text),
  good: (text) => styled('green', text),
  bad: (text) => styled('red', text),
}

function same(text: string): string {
  return text
}

function styled(style: 'bold' | 'dim' | 'green' | 'red', text: string): string {
  return text === '' ? text : styleText(style, text, { validateStream: false })
}
