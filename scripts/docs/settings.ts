import { definitions, type SettingDefinition, upstreamDefinitions } from '../../src/config/index.ts'
import { code, generatedBy, page, table } from './markdown.ts'

const PREFIX = 'FAREBOX_'
const UPSTREAM = 'UPSTREAM_<ID>_'
const EXAMPLE_UPSTREAM = 'UPSTREAM_MAIN_'
const WIDTH = 118

const ABOUT = `A setting is an environment variable, or a line of a file \`.env\` in the folder where the node is started. The
environment wins. An empty value counts as not set. A name that is not below stops the start, so a typo is noticed; a wrong
value stops it with a sentence that says what to write (exit code 78).

Every name also exists with \`_FILE\` at its end: its value is then the text of the file that it names.

*Live* settings can also be set while the node runs, with [\`farebox config set\`](cli.md#command-config-set), and are kept in the database. What the
environment sets goes before that, and cannot be changed there. *Process* settings are read at the start, from the
environment only. \`farebox config show\` prints every value and where it comes from.

[\`config/example.env\`](../../config/example.env) has all of them, to be copied.`

const UPSTREAMS = `An upstream is whom you buy from. \`<ID>\` is a name of your choice, in capital letters; have as many as you like. Upstreams
can also be added while the node runs, with [\`farebox upstreams add\`](cli.md#command-upstreams-add).`

/** reference/settings.md. */
export function settingsPage(): string {
  const ofKind = (kind: SettingDefinition['kind']): string =>
    tableOf(
      definitions.filter((definition) => definition.kind === kind),
      PREFIX,
    )
  return page(
    generatedBy('src/config/definitions.ts'),
    '# Settings',
    ABOUT,
    '## Live',
    ofKind('live'),
    '## Process',
    ofKind('process'),
    '## Upstreams',
    UPSTREAMS,
    tableOf(upstreamDefinitions, PREFIX + UPSTREAM),
  )
}

function tableOf(some: readonly SettingDefinition[], prefix: string): string {
  return table(
    ['name', 'default', 'example', 'what it is'],
    some.map(({ name, byDefault, example, describes, isSecret }) => [
      code(prefix + name),
      byDefault === '' ? '–' : code(byDefault),
      isSecret ? example : code(example),
      isSecret ? `${describes} Secret: never shown or logged.` : describes,
    ]),
  )
}

const HEAD = `# Every setting of Farebox. Copy this file to .env beside package.json and take away the # where you want to change something.
# The environment wins over .env. An empty value counts as not set. A name that is not listed here stops the start.
# Each name also exists with _FILE at its end: its value is then the text of the file named (for secrets).
# Written by npm run docs from src/config/definitions.ts.`

/** config/example.env: every name, commented out. */
export function exampleEnv(): string {
  const live = definitions.filter(({ kind }) => kind === 'live')
  const started = definitions.filter(({ kind }) => kind === 'process')
  return page(
    HEAD,
    rule('Live: also to be set with farebox config set'),
    ...live.map((one) => entry(one, PREFIX)),
    rule('Upstreams: whom you buy from. MAIN is a name of your choice; have as many as you like'),
    ...upstreamDefinitions.map((one) => entry(one, PREFIX + EXAMPLE_UPSTREAM)),
    rule('Process: read at the start'),
    ...started.map((one) => entry(one, PREFIX)),
  )
}

function entry({ name, describes, byDefault, example, isSecret }: SettingDefinition, prefix: string): string {
  const more = byDefault === '' ? '' : ` Default: ${byDefault}.`
  const value = isSecret && example.includes(' ') ? '' : example
  return [...wrapped(`${describes.replaceAll('`', '')}${more}`), `#${prefix}${name}=${value}`].join('\n')
}

function rule(title: string): string {
  return `# ${title} ${'-'.repeat(Math.max(3, WIDTH - title.length))}`
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
