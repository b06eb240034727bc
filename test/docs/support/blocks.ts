import { globSync, readFileSync } from 'node:fs'

type Language = 'bash' | 'js' | 'python'

/** A code block that readers are told to run. */
export interface Block {
  readonly page: string
  /** Where it begins, for whoever has to mend it. */
  readonly line: number
  readonly language: Language
  readonly code: string
  /** What it must print, `…` standing for anything; undefined where the page does not show it. */
  readonly output: string | undefined
}

const FENCE = /^( *)```(\w*)(?: (\w+))?\n([^]*?)^\1```$/gm
const LANGUAGES: readonly string[] = ['bash', 'js', 'python']

/** The blocks of all pages that are marked `run`. */
export function runBlocks(root: string): Block[] {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()]
  return pages.flatMap((page) => blocksOf(page, readFileSync(`${root}/${page}`, 'utf8')))
}

export function blocksOf(page: string, text: string): Block[] {
  const fences = [...text.matchAll(FENCE)].map(
    ({ 1: indent = '', 2: word, 3: mark, 4: code = '', index }) => ({
      word,
      mark,
      line: text.slice(0, index).split('\n').length,
      code: code
        .split('\n')
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
        .join('\n'),
    }),
  )
  return fences.flatMap(({ word = '', mark, line, code }, at) => {
    if (mark !== 'run') return []
    if (!isLanguage(word)) throw new Error(`${page}:${line} is marked run in ${word}, which no test runs`)
    const next = fences[at + 1]
    return [
      { page, line, language: word, code, output: next?.mark === 'output' ? next.code.trim() : undefined },
    ]
  })
}

/** What a page shows, as a pattern of what is printed. */
export function outputPattern(shown: string): RegExp {
  const quoted = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(quoted.join('[^]*'))
}

function isLanguage(word: string): word is Language {
  return LANGUAGES.includes(word)
}
