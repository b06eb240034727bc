/** One instruction of a Dockerfile. */
export interface Step {
  readonly word: string
  readonly rest: string
}

/** The instructions in their order; lines that end with a backslash are one with the next. */
export function stepsOf(text: string): Step[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
      return { word, rest: rest.trim() }
    })
}
