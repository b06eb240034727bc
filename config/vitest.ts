import { defineConfig } from 'vitest/config'

const quick = { testTimeout: 20_000 }

// oxlint-disable-next-line import/no-default-export -- vitest asks for one
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], ...quick } },
      { test: { name: 'tidy', include: ['test/tidy/**/*.test.ts'], ...quick } },
      {
        test: {
          name: 'flows',
          include: ['test/{flows,contracts,properties,conformance}/**/*.test.ts', 'test/promises.test.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
})
