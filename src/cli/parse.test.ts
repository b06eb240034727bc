import { describe, expect, test } from 'vitest'
import { cliCommands } from './commands.ts'
import type { CliCommand } from './command.ts'
import { findCommand, parseLine } from './parse.ts'

function line(text: string): ReturnType<typeof parseLine> & { command: CliCommand } {
  const found = findCommand(cliCommands, text.split(' '))
  if (found === undefined) throw new Error(`no command in ${text}`)
  return { command: found.command, ...parseLine(found.command, found.rest) }
}

describe('parseLine', () => {
  test('tells a command of two words, its arguments and its options apart', () => {
    const { command, words, values } = line('upstreams add groq --key-file k.txt --json --margin=10%')
    expect(command.name).toBe('upstreams add')
    expect(words).toEqual(['groq'])
    expect({ ...values }).toEqual({ 'key-file': 'k.txt', json: true, margin: '10%' })
  })

  test('takes options before and after the arguments', () => {
    expect(line('models why --json gpt-4o --data-dir /d').words).toEqual(['gpt-4o'])
  })

  test('a wish for help needs no arguments', () => {
    expect(line('upstreams test -h').values).toMatchObject({ help: true })
  })

  test.each([
    ['upstreams test', 'farebox upstreams test needs an argument: farebox upstreams test <name>'],
    ['models why a b', '"b" is too much for farebox models why. See farebox models why --help.'],
    ['doctor --fast', 'There is no option --fast here. See farebox doctor --help.'],
    ['doctor --data-dir', 'The option --data-dir needs a value: --data-dir DIR. See farebox doctor --help.'],
    ['doctor --json=yes', 'The option --json takes no value. See farebox doctor --help.'],
  ])('refuses "%s" in one sentence', (text, message) => {
    expect(() => line(text)).toThrow(expect.objectContaining({ code: 'usage', message }))
  })

  test('a key as an argument is refused without being repeated', () => {
    const refusal = expect.objectContaining({ message: expect.not.stringContaining('sk-secret') })
    expect(() => line('upstreams add groq --key sk-secret')).toThrow(refusal)
    expect(() => line('upstreams add groq --key=sk-secret')).toThrow(/by --key-file FILE or --key-stdin/)
  })
})

describe('the table of commands', () => {
  test('names each once, with an example that it takes', () => {
    const names = cliCommands.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const asking = cliCommands.filter(({ run }) => run !== undefined)
    expect(asking.length).toBeGreaterThan(12)
    for (const { name, examples } of asking) {
      expect({ name, examples: examples.length }).not.toMatchObject({ examples: 0 })
      for (const example of examples) {
        const typed = example.replace(/^farebox /, '').replace(/ > .*$/, '')
        expect(line(typed).command.name).toBe(name)
      }
    }
  })
})
