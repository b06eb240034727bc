import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../canonical/usage.ts'
import { readOpenAiUsage } from './usage.ts'

describe('readOpenAiUsage', () => {
  test('takes the parts out of their wholes', () => {
    const reported = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      cost: 0.5,
      prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 20, audio_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 15, audio_tokens: 5, rejected_prediction_tokens: 3 },
    }
    expect(readOpenAiUsage(reported, true)).toEqual({
      ...NO_USAGE,
      inputTokens: 40,
      cacheReadTokens: 30,
      cacheWriteTokens: 20,
      inputAudioTokens: 10,
      outputTokens: 30,
      reasoningTokens: 15,
      outputAudioTokens: 5,
      requests: 1,
    })
  })

  test('keeps what is both cached and audio apart', () => {
    const details = { cached_tokens: 80, audio_tokens: 50 }
    const reported = { prompt_tokens: 100, completion_tokens: 0, prompt_tokens_details: details }
    expect(readOpenAiUsage(reported, true)).toMatchObject({
      inputTokens: 0,
      cacheReadTokens: 50,
      cacheReadAudioTokens: 30,
      inputAudioTokens: 20,
    })
  })

  test('adds reasoning that was reported beside the completion', () => {
    const beside = { prompt_tokens: 5, completion_tokens: 10, total_tokens: 115 }
    const reported = { ...beside, completion_tokens_details: { reasoning_tokens: 100 } }
    expect(readOpenAiUsage(reported, true)).toMatchObject({ outputTokens: 10, reasoningTokens: 100 })
    expect(readOpenAiUsage({ ...reported, total_tokens: 15 }, true)).toBeUndefined()
  })

  test('reads zeros as zeros', () => {
    const zeros = { prompt_tokens: 0, completion_tokens: 0, prompt_tokens_details: null }
    expect(readOpenAiUsage(zeros, true)).toEqual({ ...NO_USAGE, requests: 1 })
  })

  test.each([
    [{}],
    [{ prompt_tokens: 5 }],
    [{ prompt_tokens: -5, completion_tokens: 1 }],
    [{ prompt_tokens: 1.5, completion_tokens: 1 }],
    [{ prompt_tokens: '5', completion_tokens: 1 }],
    [{ prompt_tokens: 5, completion_tokens: 1e300 }],
    [{ prompt_tokens: 5, completion_tokens: null }],
    [{ prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 6 } }],
    [{ prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: -1 } }],
    [{ prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: 7 }],
    [
      {
        prompt_tokens: 9,
        completion_tokens: 1,
        prompt_tokens_details: { cache_write_tokens: 8, audio_tokens: 5 },
      },
    ],
    [{ prompt_tokens: 5, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: -1 } }],
  ])('cannot use %j', (reported) => {
    expect(readOpenAiUsage(reported, true)).toBeUndefined()
  })

  test('needs no completion from an embedding', () => {
    expect(readOpenAiUsage({ prompt_tokens: 5, total_tokens: 5 }, false)).toMatchObject({ inputTokens: 5 })
  })
})
