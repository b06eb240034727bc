import { parentPort } from 'node:worker_threads'
import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'
import type { Count, CountRequest } from './token-counter.ts'
import { piecesOf } from './pieces.ts'

/** What looks like a control mark in a caller's text is text. */
const AS_TEXT = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }

parentPort?.on('message', ({ id, text, encoding }: CountRequest) => {
  const countTokens = encoding === 'cl100k' ? countCl100k : countO200k
  let tokens = 0
  for (const piece of piecesOf(text)) tokens += countTokens(piece, AS_TEXT)
  const answer: Count = { id, tokens }
  parentPort?.postMessage(answer)
})
