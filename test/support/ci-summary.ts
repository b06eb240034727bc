import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readReport } from './vitest-report.ts'

/**
 * `node test/support/ci-summary.ts FOLDER STEP=0|1…` prints the sum of the vitest reports in the folder, one named after
 * each step that ran tests. A step that failed without a failed test counts as one failure.
 */
const [folder = '.', ...steps] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const step of steps) {
  const [name = '', code] = step.split('=')
  const path = join(folder, `${name}.json`)
  const report = existsSync(path) ? readReport(path) : { passed: 0, failed: 0 }
  const isBroken = code !== '0'
  passed += report.passed
  failed += isBroken ? Math.max(report.failed, 1) : report.failed
  if (isBroken) process.stdout.write(`failed: ${name}\n`)
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
