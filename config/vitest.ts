import { defineConfig } from 'vitest/config'

const quick = { testTimeout: 20_000 }

/** Needs Python and a package index, so it runs only where it is asked for by name. */
export const realMint = {
  test: { name: 'real-mint', include: ['test/real-mint/**/*.test.ts'], testTimeout: 120_000 },
}
const wantsRealMint = process.argv.some((word) => /^(--project=)?real-mint$/.test(word))

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
      ...(wantsRealMint ? [realMint] : []),
    ],
  },
})
