const LF = 0x0a
const CR = 0x0d

/**
 * One past the empty line that ends the server-sent event beginning at `start` (WHATWG HTML §9.2.6: lines end in LF, CR LF
 * or CR), or -1 while its end has not come. `text` is the stream as latin1, one character a byte. An empty line before an
 * event is an event of its own. A CR at the very end decides nothing yet: an LF may belong to it.
 * `hasCr` says whether `text` holds a CR anywhere; without one the search is a plain one.
 */
export function sseEventEnd(text: string, start: number, hasCr: boolean): number {
  if (!hasCr) {
    if (text.charCodeAt(start) === LF) return start + 1
    const at = text.indexOf('\n\n', start)
    return at < 0 ? -1 : at + 2
  }
  let lineStart = start
  for (let i = start; i < text.length; i += 1) {
    const c = text.charCodeAt(i)
    if (c !== LF && c !== CR) continue
    if (c === CR && i + 1 === text.length) return -1
    const next = c === CR && text.charCodeAt(i + 1) === LF ? i + 2 : i + 1
    if (i === lineStart) return next
    lineStart = next
    i = next - 1
  }
  return -1
}

/** The data of one event: its `data:` lines without their name, joined by LF; undefined when it has none. */
export function sseData(event: string): string | undefined {
  if (event.startsWith('data:') && event.indexOf('\n') >= event.length - 2 && !event.includes('\r')) {
    return event.slice(event.charCodeAt(5) === 0x20 ? 6 : 5, event.indexOf('\n'))
  }
  const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith('data:'))
  if (lines.length === 0) return undefined
  return lines.map((line) => line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5)).join('\n')
}
