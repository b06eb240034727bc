import type { Dialect } from './canonical/dialect.ts'
import { openaiChat } from './openai/chat/index.ts'
import { openaiEmbeddings } from './openai/embeddings/index.ts'

/** Every language that the node speaks. A new one is a folder of its own and a line here. */
export const dialects: readonly Dialect[] = [openaiChat, openaiEmbeddings]
