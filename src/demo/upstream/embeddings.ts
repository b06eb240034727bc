import { createHash } from 'node:crypto'
import { type Misbehaviour } from './misbehaviours.ts'
import { type Reply, wholeReply } from './pieces.ts'
import { type EmbeddingsBody } from './shapes.ts'
import { tokensOf } from './tokens.ts'

const DIMENSIONS = 1536

/** The reply to `POST /v1/embeddings`. The same input has the same vector, of length 1. */
export function embeddingsReply(body: EmbeddingsBody, model: string, how: Misbehaviour): Reply {
  const inputs = listOf(body.input)
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input, body.dimensions ?? DIMENSIONS)
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const tokens = inputs.reduce((sum, input) => sum + countOf(input), 0)
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  const shown = how.usage ? how.usage(usage) : usage
  return wholeReply({ object: 'list', data, model }, shown)
}

type Input = string | readonly number[]

function listOf(input: EmbeddingsBody['input']): Input[] {
  if (typeof input === 'string') return [input]
  const numbers = input.filter((item) => typeof item === 'number')
  return numbers.length > 0 ? [numbers] : input.filter((item) => typeof item !== 'number')
}

function countOf(input: Input): number {
  return typeof input === 'string' ? tokensOf(input).length : input.length
}

function vectorOf(input: Input, dimensions: number): Float32Array {
  let seed = createHash('sha256').update(String(input)).digest().readUInt32BE()
  const vector = Float32Array.from({ length: dimensions }, () => {
    // A linear congruential generator: any spread of numbers will do.
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 31 - 1
  })
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
