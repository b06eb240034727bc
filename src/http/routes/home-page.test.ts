import { describe, expect, test } from 'vitest'
import type { Offer } from '../../catalog/index.ts'
import { homePage, type HomePage } from './home-page.ts'

const HOSTILE = `<script>alert("1")</script>' onload='x`

function offer(model: string, rest: { name?: string; output?: bigint } = {}): Offer {
  const { output = 10_000_000n } = rest
  return {
    model,
    rate: { centsPerBtc: 10_000_000n },
    routes: [
      {
        upstreamId: 'up',
        upstreamModel: model,
        marginBp: 1000,
        terms: {
          name: rest.name ?? model,
          contextLength: 128_000,
          outputLimit: 16_384,
          imageCeiling: 5000,
          prices: {
            input: { base: 2_500_000n, tiers: [] },
            ...(output > 0n && { output: { base: output, tiers: [] } }),
          },
          priceVersion: 'test',
          createdAt: undefined,
          inputModalities: ['text'],
          outputModalities: ['text'],
        },
      },
    ],
  }
}

function page(rest: Partial<HomePage> = {}): string {
  return homePage({
    profile: {
      name: 'A node',
      description: 'It sells',
      version: '1.2.3',
      publicUrl: undefined,
      rate: () => undefined,
    },
    baseUrl: 'https://node.example',
    mints: ['https://mint.example'],
    offers: [offer('gpt-4o')],
    reasons: [],
    ...rest,
  })
}

describe('the front page', () => {
  test('names the model, its prices with margin in sat a million, and its context', () => {
    const cells = [...page().matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell)
    expect(cells).toEqual(['2,750', '11,000', '128K'])
    expect(page()).toContain('<code>gpt-4o</code>')
  })

  test('a model that gives no text has no output price', () => {
    expect(page({ offers: [offer('embed', { output: 0n })] })).toContain('<td>–</td>')
  })

  test('writes one command for ecash as a key and one for a single payment, with a model that answers', () => {
    const text = page({ offers: [offer('embed', { output: 0n }), offer('chat/one')] })
    const commands = [...text.matchAll(/<pre[^>]*><code>(.*?)<\/code><\/pre>/gs)].map(
      ([, command]) => command,
    )
    expect(commands).toHaveLength(2)
    expect(commands[0]).toContain('curl https://node.example/v1/chat/completions')
    expect(commands[0]).toContain('Authorization: Bearer cashuB')
    expect(commands[1]).toContain('X-Cashu: cashuB')
    expect(commands[1]).toContain('chat/one')
  })

  test('says how money comes back, and which mints are taken', () => {
    for (const words of ['/v1/wallet/refund', '/v1/wallet/withdraw', 'https://mint.example'])
      expect(page()).toContain(words)
  })

  test('says what is missing when the node is not ready, and only then', () => {
    expect(page()).not.toContain('What is missing')
    const closed = page({ reasons: ['Set FAREBOX_MINTS.'], offers: [], mints: [] })
    expect(closed).toContain('<li>Set FAREBOX_MINTS.</li>')
    expect(closed).toContain('Not open yet')
    expect(closed).not.toContain('<table>')
  })

  test('escapes every value that comes from somewhere else', () => {
    const text = page({
      profile: {
        name: HOSTILE,
        description: HOSTILE,
        version: HOSTILE,
        publicUrl: undefined,
        rate: () => undefined,
      },
      baseUrl: `https://x/${HOSTILE}`,
      mints: [HOSTILE],
      offers: [offer(HOSTILE, { name: `${HOSTILE}&amp;` })],
      reasons: [HOSTILE],
    })
    expect(text).not.toMatch(/<script|onload='|alert\("/)
    expect(text.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(9)
    expect(text).toContain('&amp;amp;')
  })

  test('a command stays one command whatever the model and the address are called', () => {
    const text = page({ baseUrl: 'https://x;rm -rf $HOME', offers: [offer("it's")] })
    expect(text).not.toContain('rm -rf')
    expect(text).toContain('it&#39;\\&#39;&#39;s')
  })

  test('runs nothing and loads nothing', () => {
    expect(page()).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=/)
  })
})
