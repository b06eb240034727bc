import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'

/** The plan of the house, as config/rooms.json holds it. */
interface Plan {
  /** Rooms, lowest floor first. A room may look only at lower floors. */
  floors: readonly (readonly string[])[]
  /** Rooms that only the named rooms may enter. */
  onlyFrom: Readonly<Record<string, readonly string[]>>
  /** Packages that only the named rooms may use. */
  packages: Readonly<Record<string, readonly string[]>>
}

interface Import {
  from: string
  to: string
}

/** Every source file below `root`; tests and fixtures are left out. */
export function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.test(-d)?\.ts$|__fixtures__/.test(path))
    .toSorted()
}

const IMPORT =
  /^(?:import\s*|(?:import|export)\b[^'";]*?\bfrom\s*)['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm

/** What one file imports: relative paths resolved below `root`, packages as written. */
export function importsOf(root: string, from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8')
  return [...text.matchAll(IMPORT)].map(([, eager, lazy]) => {
    const specifier = eager ?? lazy ?? ''
    return { from, to: specifier.startsWith('.') ? join(dirname(from), specifier) : `npm:${specifier}` }
  })
}

/** Why the plan forbids an import, or undefined where it allows it. */
export function objectionTo(plan: Plan, { from, to }: Import): string | undefined {
  const [here, there] = [roomOf(from), roomOf(to)]
  if (to.startsWith('npm:')) return objectionToPackage(plan, here, to.slice(4))
  if (here === there) return undefined
  if (onRoof(to)) return onRoof(from) ? undefined : 'nothing below imports the roof'
  if (to !== `${there}/index.ts`) return `enter ${there} by its door, ${there}/index.ts`

  const guests = plan.onlyFrom[there]
  if (guests?.includes(here) === false) return `only ${guests.join(', ')} may enter ${there}`
  return onRoof(from) ? undefined : objectionToStairs(plan, here, there)
}

function objectionToStairs(plan: Plan, here: string, there: string): string | undefined {
  const [above, below] = [floorOf(plan, here), floorOf(plan, there)]
  if (above === -1) return `${here} is on no floor of config/rooms.json`
  if (below === -1) return `${there} is on no floor of config/rooms.json`
  return below < above
    ? undefined
    : `${here} (floor ${above}) looks up or across at ${there} (floor ${below})`
}

function objectionToPackage(plan: Plan, here: string, specifier: string): string | undefined {
  const users = Object.entries(plan.packages).find(
    ([name]) => specifier === name || specifier.startsWith(`${name}/`),
  )?.[1]
  return users && !users.includes(here) ? `only ${users.join(', ')} may use ${specifier}` : undefined
}

function floorOf(plan: Plan, room: string): number {
  return plan.floors.findIndex((rooms) => rooms.includes(room))
}

/** The folder a path is in; a file at the top of src (app.ts, main.ts) stands for itself. */
function roomOf(path: string): string {
  return (path.split('/')[0] ?? path).replace(/\.ts$/, '')
}

function onRoof(path: string): boolean {
  return !path.includes('/')
}
