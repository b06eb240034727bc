import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writtenPages } from '../../scripts/generate-docs.ts'
import { cliCommands } from '../../src/cli/index.ts'
import { findCommand, parseLine } from '../../src/cli/parse.ts'

const root = join(import.meta.dirname, '../..')
const shown = writtenPages().flatMap((page) =>
  commandsIn(readFileSync(join(root, page), 'utf8')).map((line) => [line, page] as const),
)

describe('the commands of the documentation', () => {
  test('are found', () => {
    expect(shown.length).toBeGreaterThan(30)
  })

  test.each(shown)('are ones that the command line reads: %s (%s)', (line) => {
    expect(whyNot(line)).toBeUndefined()
  })

  test('would be refused where they are none', () => {
    expect(
      commandsIn('```sh\nfarebox doctor  # all\n```\n`farebox sing` and `farebox models why NAME`'),
    ).toEqual(['doctor', 'sing', 'models why NAME'])
    expect([whyNot('doctor'), whyNot('sing'), whyNot('doctor --sing')]).toEqual([
      undefined,
      'no such command',
      expect.stringContaining('--sing'),
    ])
  })
})

/** In shell blocks and between backquotes, without redirections and comments. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n'))
  const inline = [...text.replaceAll(/^ *```[^]*?^ *```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  )
  return [...blocks, ...inline].flatMap((line) => {
    const [, command] = /^\s*(?:[A-Z_]+=\S+ )*(?:npx )?farebox (.+)$/.exec(line) ?? []
    return command === undefined ? [] : [command.replace(/\s+[#>|].*$/, '').trim()]
  })
}

function whyNot(line: string): string | undefined {
  if (/^(?:--help|--version|<command>)/.test(line)) return undefined
  const args = line.split(/\s+/)
  const found = findCommand(cliCommands, args)
  if (!found) return 'no such command'
  // A name alone speaks of the command.
  if (found.rest.length === 0) return undefined
  try {
    parseLine(found.command, found.rest)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
