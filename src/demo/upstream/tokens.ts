/** A run of up to six letters or digits with the space before it, or one other character. */
const TOKEN = /\s?[\p{L}\p{N}]{1,6}|\s?[^\s\p{L}\p{N}]|\s+/gu

/** The tokens of a text, by a rule of our own: their concatenation is the text, and a token is never empty. */
export function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? []
}

/** Real endless prose for an upstream that does not know when to stop. */
export function endlessTokens(count: number): string[] {
  const sentence = tokensOf(' And there is more to be said about it.')
  return Array.from({ length: count }, (_, i) => sentence[i % sentence.length] ?? '.')
}
