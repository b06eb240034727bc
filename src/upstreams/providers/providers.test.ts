import { describe, expect, test } from 'vitest'
import { providers } from './index.ts'

function named(name: string) {
  const provider = providers.find((one) => one.name === name)
  if (!provider) throw new Error(`no provider ${name}`)
  return provider
}

describe('providers', () => {
  test('have names of their own', () => {
    expect(new Set(providers.map(({ name }) => name)).size).toBe(providers.length)
  })

  test('openai: sizes are unknown, the order and the facts are kept', () => {
    const json = {
      object: 'list',
      data: [{ id: 'gpt-x', object: 'model', created: 7, owned_by: 'openai' }, { id: 'b' }],
    }
    expect(named('openai').readModels(json)).toEqual([
      { id: 'gpt-x', created: 7, ownedBy: 'openai', contextLength: undefined, outputLimit: undefined },
      { id: 'b', created: undefined, ownedBy: undefined, contextLength: undefined, outputLimit: undefined },
    ])
  })

  test('openrouter: what serves first counts, not the best that there is', () => {
    const data = [
      {
        id: 'a/b:free',
        context_length: 200_000,
        top_provider: { context_length: 128_000, max_completion_tokens: 4096 },
      },
      {
        id: 'c/d',
        context_length: 8192,
        top_provider: { context_length: null, max_completion_tokens: null },
      },
    ]
    expect(named('openrouter').readModels({ data })).toMatchObject([
      { id: 'a/b:free', contextLength: 128_000, outputLimit: 4096 },
      { id: 'c/d', contextLength: 8192, outputLimit: undefined },
    ])
  })

  test('generic: a bare array, sizes under several names, no key', () => {
    expect(named('generic').headers(undefined)).toEqual({})
    const json = [
      { id: 'v', max_model_len: 32_768 },
      { id: 'w', context_window: 1000, max_output_tokens: 10 },
    ]
    expect(named('generic').readModels(json)).toMatchObject([
      { id: 'v', contextLength: 32_768 },
      { id: 'w', contextLength: 1000, outputLimit: 10 },
    ])
  })

  test('mistral: the context under its own name', () => {
    const data = [{ id: 'm', max_context_length: 32_768 }]
    expect(named('mistral').readModels({ data })).toMatchObject([{ id: 'm', contextLength: 32_768 }])
  })

  test('azure: the deployment stands in the path of the dated API, and in the body of the new one', () => {
    const path = '/chat/completions'
    const callPath = (basePath: string) => named('azure').callPath?.({ path, basePath, model: 'my gpt/4' })
    expect(callPath('/openai')).toBe('/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21')
    expect(callPath('/openai/v1')).toBe(path)
    expect(named('azure').headers('k')).toEqual({ 'api-key': 'k' })
  })

  test('unusable entries and repetitions are left out, odd values are unknown', () => {
    const data = [
      null,
      7,
      { id: '' },
      { id: ' a' },
      { id: 'line\nend' },
      { id: 'x'.repeat(201) },
      { id: 'ok', created: -1, owned_by: 7, context_length: '8192', max_output_tokens: 0.5 },
      { id: 'ok', created: 1 },
    ]
    expect(named('generic').readModels({ data })).toEqual([
      { id: 'ok', created: undefined, ownedBy: undefined, contextLength: undefined, outputLimit: undefined },
    ])
  })

  test('a list is read up to 5,000 models', () => {
    const data = Array.from({ length: 6_000 }, (_, i) => ({ id: `m${i}` }))
    expect(named('openai').readModels({ data })).toHaveLength(5_000)
  })
})
