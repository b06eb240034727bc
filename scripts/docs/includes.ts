import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

const LANGUAGES: Readonly<Record<string, string>> = {
  '.cfg': 'haproxy',
  '.conf': 'nginx',
  '.env': 'sh',
  '.service': 'ini',
  '.yml': 'yaml',
}

const INCLUDED = /<!-- include (\S+) -->\n[^]*?<!-- \/include -->/g
const PLACED = /<!-- place (\S+) -->\n[^]*?<!-- \/place -->/g

/** A page with every file between its `include` marks as it is now, and every part between its `place` marks. */
export function withIncludes(
  text: string,
  { root, parts }: { root: string; parts: Readonly<Record<string, string>> },
): string {
  return text
    .replaceAll(INCLUDED, (_, path: string) => {
      const language = LANGUAGES[extname(path)] ?? ''
      const file = readFileSync(join(root, path), 'utf8').trimEnd()
      return `<!-- include ${path} -->\n\n\`\`\`${language}\n${file}\n\`\`\`\n\n<!-- /include -->`
    })
    .replaceAll(PLACED, (_, name: string) => {
      const part = parts[name]
      if (part === undefined) throw new Error(`There is no part ${name} to place`)
      return `<!-- place ${name} -->\n\n${part}\n\n<!-- /place -->`
    })
}
