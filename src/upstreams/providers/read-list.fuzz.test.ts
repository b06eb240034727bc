import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { providers } from './index.ts'

const id = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 400 }), fc.integer())
const entry = fc.oneof(
  fc.anything(),
  fc.record({
    id,
    created: fc.anything(),
    owned_by: fc.anything(),
    context_length: fc.anything(),
    top_provider: fc.anything(),
  }),
)
const list = fc.oneof(fc.anything(), fc.array(entry), fc.record({ data: fc.array(entry) }))

test.each(providers.map((provider) => [provider.name, provider] as const))(
  '%s reads any JSON without a throw, into distinct bounded models',
  (_, provider) => {
    let found = 0
    fc.assert(
      fc.property(list, (json) => {
        const models = provider.readModels(json) ?? []
        found += models.length
        expect(new Set(models.map((model) => model.id)).size).toBe(models.length)
        for (const model of models) {
          expect(model.id.length).toBeGreaterThan(0)
          expect(model.id.length).toBeLessThanOrEqual(200)
          for (const size of [model.contextLength, model.outputLimit]) {
            expect(size === undefined || (Number.isSafeInteger(size) && size > 0)).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(found).toBeGreaterThan(0)
  },
)
