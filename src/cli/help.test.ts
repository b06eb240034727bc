import { describe, expect, test } from 'vitest'
import { cliCommands } from './commands.ts'
import { renderCommandHelp, renderGroup, renderHelp } from './help.ts'

const WIDTH = 80

function longest(text: string): number {
  return Math.max(...text.split('\n').map((each) => each.length))
}

describe('the help', () => {
  test('names every command and fits 80 columns', () => {
    const help = renderHelp(cliCommands, WIDTH)
    for (const { name } of cliCommands) expect(help).toContain(`\n  ${name} `)
    expect(longest(help)).toBeLessThanOrEqual(WIDTH)
  })

  test.each(cliCommands.map((command) => [command.name, command] as const))(
    'of %s names its options and fits 80 columns',
    (_, command) => {
      const help = renderCommandHelp(command, WIDTH)
      for (const option of Object.keys(command.options)) expect(help).toContain(`--${option}`)
      // Examples stand as they are typed.
      expect(longest(help.split('\nExamples:')[0] ?? '')).toBeLessThanOrEqual(WIDTH)
    },
  )

  test('of a group lists its commands and no others', () => {
    const help = renderGroup(cliCommands, 'keys', WIDTH)
    expect(help).toContain('keys rotate')
    expect(help).not.toContain('config')
  })
})
