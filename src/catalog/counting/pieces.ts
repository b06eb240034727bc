/** Longer runs make a tokeniser slow: its time is quadratic in what it cannot split. */
const PIECE_MAX = 512

/**
 * Cuts a text into pieces of at most 512 characters, before white space where there is some. A vocabulary joins nothing
 * across a cut, so the pieces count at least as many tokens as the whole, save where a cut falls inside a word.
 */
export function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = start + PIECE_MAX
    if (end >= text.length) {
      yield text.slice(start)
      return
    }
    const space = Math.max(text.lastIndexOf(' ', end), text.lastIndexOf('\n', end))
    const cut = space > start ? space : wholeCharacter(text, end)
    yield text.slice(start, cut)
    start = cut
  }
}

/** Not between the two halves of a character outside the basic plane. */
function wholeCharacter(text: string, end: number): number {
  const last = text.charCodeAt(end - 1)
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}
