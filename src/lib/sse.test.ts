import { describe, expect, test } from 'vitest'
import { sseData, sseEventEnd } from './sse.ts'

function events(text: string): string[] {
  const found: string[] = []
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = sseEventEnd(text, at, text.includes('\r'))
    if (end < 0) return [...found, text.slice(at)]
    found.push(text.slice(at, end))
  }
  return found
}

describe('sseEventEnd', () => {
  test('ends an event at an empty line in each of the three line endings, and mixed', () => {
    expect(events('data: 1\n\ndata: 2\n\n')).toEqual(['data: 1\n\n', 'data: 2\n\n'])
    expect(events('data: 1\r\n\r\ndata: 2\r\n\r\n')).toEqual(['data: 1\r\n\r\n', 'data: 2\r\n\r\n'])
    expect(events('data: 1\r\rdata: 2\n\r\n')).toEqual(['data: 1\r\r', 'data: 2\n\r\n'])
    expect(events('\n\n: c\nx: y\n\n')).toEqual(['\n', '\n', ': c\nx: y\n\n'])
  })

  test('waits for what follows a carriage return at the very end', () => {
    expect(sseEventEnd('data: 1\r\n\r', 0, true)).toBe(-1)
    expect(sseEventEnd('data: 1\r\n\r\n', 0, true)).toBe(11)
  })
})

describe('sseData', () => {
  test('joins the data lines of an event and nothing else', () => {
    expect(sseData('data: {"a":1}\n\n')).toBe('{"a":1}')
    expect(sseData('data:{"a":1}\r\n\r\n')).toBe('{"a":1}')
    expect(sseData('event: x\ndata: 1\nid: 7\ndata:  2\n\n')).toBe('1\n 2')
    expect(sseData('data: 1')).toBe('1')
    expect(sseData(': comment\n\n')).toBeUndefined()
  })
})
