import type { CheckState, DoctorReport } from './report.ts'

const MARKS: Readonly<Record<CheckState, string>> = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL' }
const CURE_INDENT = '      → '

/** A report as lines for a terminal, each cure below what it cures, and one line that sums up. */
export function renderDoctor({ checks, ok }: DoctorReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, state, found, cure, ms }) => {
    const line = `${MARKS[state]}  ${name.padEnd(width)}  ${found}${ms >= 1000 ? ` (${(ms / 1000).toFixed(1)} s)` : ''}`
    return cure === undefined ? [line] : [line, `${CURE_INDENT}${cure}`]
  })
  const count = (state: CheckState): number => checks.filter((check) => check.state === state).length
  const [bad, worrying] = [count('failed'), count('warning')]
  const verdict = ok
    ? `${checks.length} checks passed${worrying > 0 ? `, ${worrying} with a warning` : ''}.`
    : `${bad} of ${checks.length} checks failed${worrying > 0 ? `, ${worrying} with a warning` : ''}.`
  return [...lines, '', verdict].join('\n')
}
