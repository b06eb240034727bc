import type { Dialect } from '../../canonical/dialect.ts'
import type { Delivered } from '../../canonical/meter.ts'
import type { JsonObject } from '../body.ts'
import { renderOpenAiProblem, renderOpenAiStreamProblem } from '../problem.ts'
import { WholeMeter } from '../whole-meter.ts'
import { ContentCounter, valueAfterKey } from './content-counter.ts'
import { chatPromptText } from './prompt-text.ts'
import { readChatRequest } from './read-request.ts'
import { ChatStreamMeter } from './stream-meter.ts'
import { writeChatRequest } from './write-request.ts'

/** OpenAI's chat completions. */
export const openaiChat: Dialect = {
  name: 'openai.chat',
  method: 'POST',
  paths: ['/v1/chat/completions', '/chat/completions'],
  upstreamPath: '/chat/completions',
  readRequest: readChatRequest,
  writeRequest: writeChatRequest,
  promptText: chatPromptText,
  meter: (asked, stream) =>
    stream
      ? new ChatStreamMeter(asked)
      : new WholeMeter({
          answers: 'choices',
          needsOutput: true,
          inputEstimate: asked.inputEstimate,
          measure: measureMessages,
        }),
  renderProblem: renderOpenAiProblem,
  renderStreamProblem: renderOpenAiStreamProblem,
}

/** The content of a whole reply, counted by the rules of a stream. */
function measureMessages(_reply: JsonObject, bytes: Buffer): Delivered {
  const text = bytes.toString('latin1')
  const content = new ContentCounter()
  const key = '"message"'
  for (let at = text.indexOf(key); at >= 0;) {
    const value = valueAfterKey(text, at + key.length)
    const isMessage = value >= 0 && text[value] === '{'
    at = text.indexOf(key, isMessage ? content.countObject(text, value, text.length) : at + 1)
  }
  return { outputEstimate: content.estimate(), hasContent: content.hasContent() }
}
