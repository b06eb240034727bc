import { expect } from 'vitest'
import { bearer } from '../../support/money-claims.ts'
import { ask, jsonOf, type Question } from './caller.ts'

/** A chat completion, paid with these headers. */
export function chat(headers: Record<string, string>, stream = false): Question {
  const messages = [{ role: 'user', content: 'Tell me of trains' }]
  return {
    path: '/v1/chat/completions',
    headers,
    body: { model: 'gpt-4o-mini', messages, max_tokens: 40, stream },
  }
}

/** What a wallet says of itself; the credential may be its key or its ecash. */
export async function infoOf(baseUrl: string, credential: string): Promise<Record<string, unknown>> {
  return jsonOf(await ask(baseUrl, { method: 'GET', path: '/v1/wallet/info', headers: bearer(credential) }))
}

/** Makes a wallet of ecash. @returns its `sk-` key */
export async function createWallet(baseUrl: string, ecash: string): Promise<string> {
  const made = await ask(baseUrl, { path: '/v1/wallet/create', body: { cashu_token: ecash } })
  expect(made).toMatchObject({ status: 200 })
  return String(jsonOf(made)['api_key'])
}
