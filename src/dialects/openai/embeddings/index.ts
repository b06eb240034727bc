import type { Dialect } from '../../canonical/dialect.ts'
import type { AskedRequest, Rewrite } from '../../canonical/request.ts'
import { parseBody } from '../body.ts'
import { renderOpenAiProblem, renderOpenAiStreamProblem } from '../problem.ts'
import { WholeMeter } from '../whole-meter.ts'
import { rewriteBody } from '../write.ts'
import { PER_INPUT, readEmbeddingRequest } from './read-request.ts'

/** OpenAI's embeddings. They have no output tokens and never stream. */
export const openaiEmbeddings: Dialect = {
  name: 'openai.embeddings',
  method: 'POST',
  paths: ['/v1/embeddings', '/embeddings'],
  upstreamPath: '/embeddings',
  readRequest: readEmbeddingRequest,
  writeRequest: writeEmbeddingRequest,
  promptText: embeddingText,
  meter: (asked) =>
    new WholeMeter({
      answers: 'data',
      needsOutput: false,
      inputEstimate: asked.inputEstimate,
      measure: (reply) => ({
        outputEstimate: 0,
        hasContent: Array.isArray(reply['data']) && reply['data'].length > 0,
      }),
    }),
  renderProblem: renderOpenAiProblem,
  renderStreamProblem: renderOpenAiStreamProblem,
}

/** The inputs as text; ones that are tokenised already are counted as they are. */
function embeddingText(body: Buffer, asked: AskedRequest): { text: string; overhead: number } {
  const input = parseBody(body).value['input']
  const texts = Array.isArray(input) ? input.filter((item) => typeof item === 'string') : [input]
  if (texts.length === 0) return { text: '', overhead: asked.inputBound }
  return { text: texts.join('\n'), overhead: PER_INPUT * texts.length }
}

function writeEmbeddingRequest(body: Buffer, asked: AskedRequest, { model }: Rewrite): Buffer {
  return rewriteBody(body, {
    dropped: asked.dropped,
    rewrite: (key) => (key === 'model' && model !== asked.model ? JSON.stringify(model) : undefined),
    added: () => [],
  })
}
