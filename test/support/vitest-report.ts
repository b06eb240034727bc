import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

interface ReportedTest {
  /** Below the repository. */
  readonly file: string
  readonly title: string
  readonly isPassed: boolean
}

interface Report {
  readonly passed: number
  readonly failed: number
  readonly tests: readonly ReportedTest[]
}

/** Reads what vitest's JSON reporter wrote. A file that could not even be loaded counts as one failure. */
export function readReport(path: string): Report {
  const report: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const files = listIn(report, 'testResults')
  const tests = files.flatMap((file) =>
    listIn(file, 'assertionResults').map((test) => ({
      file: relative(process.cwd(), textIn(file, 'name')),
      title: textIn(test, 'title'),
      isPassed: textIn(test, 'status') === 'passed',
    })),
  )
  const broken = files.filter(
    (file) => textIn(file, 'status') === 'failed' && listIn(file, 'assertionResults').length === 0,
  )
  return {
    passed: tests.filter(({ isPassed }) => isPassed).length,
    failed: countIn(report, 'numFailedTests') + broken.length,
    tests,
  }
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const found = memberOf(value, name)
  return Array.isArray(found) ? found : []
}

function textIn(value: unknown, name: string): string {
  const found = memberOf(value, name)
  return typeof found === 'string' ? found : ''
}

function countIn(value: unknown, name: string): number {
  const found = memberOf(value, name)
  return typeof found === 'number' ? found : 0
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
