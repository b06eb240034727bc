import { z } from 'zod'

const positive = z.int().positive().nullish()

const part = z.looseObject({ type: z.string(), text: z.string().optional() })
const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(part)]).nullish(),
})
const tool = z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })

const chat = z.looseObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: positive,
  max_completion_tokens: positive,
  n: positive,
  user: z.string().nullish(),
  tools: z.array(tool).optional(),
  tool_choice: z.unknown().optional(),
})

const embeddings = z.looseObject({
  model: z.string().min(1),
  input: z.union([
    z.string(),
    z.array(z.string()).min(1),
    z.array(z.int()).min(1),
    z.array(z.array(z.int())).min(1),
  ]),
  encoding_format: z.enum(['float', 'base64']).optional(),
  dimensions: z.int().positive().max(4096).optional(),
  user: z.string().nullish(),
})

export type ChatBody = z.infer<typeof chat>
export type EmbeddingsBody = z.infer<typeof embeddings>

/** A body that is not what the API asks for; `message` says where. */
export class BadBody extends Error {}

/** Readers of JSON text. @throws BadBody */
export const readChat = (text: string): ChatBody => read(chat, text)
export const readEmbeddings = (text: string): EmbeddingsBody => read(embeddings, text)

function read<T>(shape: z.ZodType<T>, text: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BadBody('The body is not JSON')
  }
  const result = shape.safeParse(value)
  if (!result.success) throw new BadBody(z.prettifyError(result.error))
  return result.data
}
