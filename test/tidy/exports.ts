import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'

const DECLARED = /^export (?:abstract |async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm
const LISTED = /^export (?:type )?\{([^}]*)\}/gm
const TAKEN = /^(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|[\w*][^'{]*)\s*from\s+'(\.[^']+)'/gm
const LAZY = /\bimport\(\s*'(\.[^']+)'\s*\)/g

/** Every TypeScript file below the folders, tests and fixtures too. */
export function scriptsBelow(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(folder, path)),
  )
}

/** What one file offers to others, its own and what it passes on, as `path name`. */
export function offeredBy(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const own = [...text.matchAll(DECLARED)].map(([, name = '']) => name)
  const passedOn = [...text.matchAll(LISTED)].flatMap(([, names = '']) => namesIn(names, 'offered'))
  return [...own, ...passedOn].map((name) => `${path} ${name}`)
}

/** What one file takes from others, as `path name`; of a file taken whole `path *`. */
export function takenBy(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const named = [...text.matchAll(TAKEN)].flatMap(([, names, from = '']) =>
    (names === undefined ? ['*'] : namesIn(names, 'taken')).map((name) => `${at(path, from)} ${name}`),
  )
  const whole = [...text.matchAll(LAZY)].map(([, from = '']) => `${at(path, from)} *`)
  return [...named, ...whole]
}

function at(path: string, from: string): string {
  return join(dirname(path), from)
}

/** The names between two braces; of `a as b` the one it has where it comes from, or the one it is offered by. */
function namesIn(list: string, side: 'taken' | 'offered'): string[] {
  return list.split(',').flatMap((item) => {
    const [name, alias = name] = item
      .trim()
      .replace(/^type /, '')
      .split(' as ')
    const chosen = side === 'taken' ? name : alias
    return chosen ? [chosen] : []
  })
}
