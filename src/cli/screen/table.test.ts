import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { colourInk, plainInk } from './ink.ts'
import { printable, renderTable, wrap } from './table.ts'

const plain = { width: 40, ink: plainInk }
const columns = [{ head: 'NAME' }, { head: 'N', isFigure: true }, { head: 'WHY', mayWrap: true }]

describe('renderTable', () => {
  test('is as wide as its text, with figures at the right', () => {
    const table = renderTable(
      columns,
      [
        ['a', '1', 'x'],
        ['bbbbb', '100', 'yy'],
      ],
      plain,
    )
    expect(table).toBe('NAME     N  WHY\na        1  x\nbbbbb  100  yy')
  })

  test('breaks the text of a column that may, and no other', () => {
    const table = renderTable(columns, [['name', '1', 'one two three four five six seven eight']], plain)
    expect(table.split('\n')).toEqual([
      'NAME  N  WHY',
      'name  1  one two three four five six',
      '         seven eight',
    ])
  })

  test('breaks a word only where nothing else helps', () => {
    const both = [
      { head: 'A', mayWrap: true },
      { head: 'B', mayWrap: true },
    ]
    const url = 'https://a.example/a/path/that/is'
    const lines = renderTable(both, [[url, 'a few words']], plain).split('\n')
    expect(lines.slice(1)).toEqual([`${url}  a few`, `${' '.repeat(url.length)}  words`])
  })

  test('colours the text and not the blanks', () => {
    const cell = { text: 'x', style: 'bad' } as const
    const table = renderTable([{ head: 'A' }, { head: 'B' }], [[cell, 'y']], { width: 40, ink: colourInk })
    expect(table.split('\n')[1]).toBe('\u001B[31mx\u001B[39m  y')
  })

  test('what comes from an upstream cannot steer the terminal', () => {
    const evil = 'gpt\u001B]0;owned\u0007\u009B2J'
    expect(printable(evil)).toBe('gpt·]0;owned··2J')
    expect(renderTable([{ head: 'A' }], [[evil]], plain)).toBe('A\ngpt·]0;owned··2J')
  })

  test('never is wider than asked for while its columns may wrap, and loses no text', () => {
    const cells = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '-'), maxLength: 60 })
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, cells), { maxLength: 5 }), (rows) => {
        const table = renderTable(
          [
            { head: 'A', mayWrap: true },
            { head: 'B', mayWrap: true },
          ],
          rows,
          plain,
        )
        for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(plain.width)
        expect(lettersOf(table)).toBe(lettersOf(rows.flat().join('')))
      }),
      { numRuns: 300 },
    )
  })
})

function lettersOf(text: string): string {
  return text
    .replaceAll(/[^ab-]/g, '')
    .split('')
    .toSorted()
    .join('')
}

test('wrap breaks at blanks, and keeps the lines there are', () => {
  expect(wrap('one two\nthree', 5)).toEqual(['one', 'two', 'three'])
  expect(wrap('abcdefg', 3)).toEqual(['abc', 'def', 'g'])
})
