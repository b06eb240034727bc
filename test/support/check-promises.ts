import { PROMISES, titlePattern } from './promises.ts'
import { readReport } from './vitest-report.ts'

/** `node test/support/check-promises.ts REPORT.json…` fails unless every test that a promise names has run and passed. */
const ran = process.argv.slice(2).flatMap((path) => readReport(path).tests)
const broken = PROMISES.flatMap(({ promise, proofs }) =>
  proofs.flatMap(({ file, test }) => {
    const pattern = titlePattern(test)
    const found = ran.filter((one) => one.file === file && pattern.test(one.title))
    if (found.length > 0 && found.every(({ isPassed }) => isPassed)) return []
    const what = found.length === 0 ? 'did not run' : 'did not pass'
    return [`promise ${promise}: '${test}' in ${file} ${what}`]
  }),
)
for (const line of broken) process.stderr.write(`${line}\n`)
const proofs = PROMISES.flatMap((one) => one.proofs).length
process.stdout.write(
  `${PROMISES.length} promises, ${proofs} tests named, ${broken.length} missing or failed\n`,
)
process.exitCode = broken.length > 0 || proofs === 0 ? 1 : 0
