import { defineConfig } from 'vitest/config'

const quick = { testTimeout: 20_000 }

/** Needs Python and a package index, so it runs only where it is asked for by name. */
export const realMint = {
  test: { name: 'real-mint', include: ['test/real-mint/**/*.test.ts'], testTimeout: 120_000 },
}
/** Blocks of the documentation in Python; the same need. */
export const docsPython = {
  test: { name: 'docs-python', include: ['test/docs/python/**/*.test.ts'], testTimeout: 120_000 },
}
/** Needs the system's nginx and haproxy. */
export const proxies = {
  test: { name: 'proxies', include: ['test/proxies/**/*.test.ts'], testTimeout: 30_000 },
}
const wants = ({ test: { name } }: { test: { name: string } }): boolean =>
  process.argv.some((word) => word === name || word === `--project=${name}`)

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
      { test: { name: 'docs', include: ['test/docs/*.test.ts'], testTimeout: 60_000 } },
      ...[realMint, docsPython, proxies].filter(wants),
    ],
  },
})
