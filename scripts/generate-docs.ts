import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { apiPage, openApi } from './docs/api.ts'
import { cliPage } from './docs/cli.ts'
import { errorsPage } from './docs/errors.ts'
import { eventsPage } from './docs/events.ts'
import { withIncludes } from './docs/includes.ts'
import { llmsText } from './docs/llms.ts'
import { metricsPage } from './docs/metrics.ts'
import { promisesList } from './docs/promises.ts'
import { publicRoutes } from './docs/routes.ts'
import { exampleEnv, settingsPage } from './docs/settings.ts'

const root: string = join(import.meta.dirname, '..')

/** Every file that is written from the code, by its path in the repository. */
export async function generate(): Promise<Map<string, string>> {
  const routes = await publicRoutes()
  const made = new Map([
    ['config/example.env', exampleEnv()],
    ['docs/reference/settings.md', settingsPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/events.md', eventsPage()],
    ['docs/reference/metrics.md', metricsPage()],
    ['docs/reference/cli.md', cliPage()],
    ['docs/reference/api.md', apiPage(routes)],
    ['docs/reference/openapi.json', openApi(routes)],
  ])
  const parts = { promises: promisesList() }
  for (const path of writtenPages()) {
    const text = readFileSync(join(root, path), 'utf8')
    if (!made.has(path)) made.set(path, withIncludes(text, { root, parts }))
  }
  const pages = [...made].filter(([path]) => path.endsWith('.md')).map(([path, text]) => ({ path, text }))
  made.set('llms.txt', llmsText(pages.toSorted((a, b) => (a.path < b.path ? -1 : 1))))
  return made
}

/** Pages that people write; parts of them may come from elsewhere. */
export function writtenPages(): string[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()]
}

async function write(): Promise<void> {
  for (const [path, text] of await generate()) {
    const target = join(root, path)
    if (existsSync(target) && readFileSync(target, 'utf8') === text) continue
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
    process.stdout.write(`${path}\n`)
  }
}

if (import.meta.main) await write()
