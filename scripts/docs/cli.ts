import { type CliCommand, type CliOption, cliCommands, COMMON_OPTIONS } from '../../src/cli/index.ts'
import { anchor, code, generatedBy, page, table } from './markdown.ts'

const ABOUT = `\`farebox <command>\`; in this repository \`npx farebox <command>\`. Without a command it starts a node.

A command finds out whether a node runs on the data directory. Where one does, that node carries it out, while it serves.
Where none does, the command opens the data directory itself. So it needs the same \`FAREBOX_DATA_DIR\` (or \`--data-dir\`)
and the same user as the node.

Exit codes: 0 done, 1 failed, 2 a wrong command line, 78 a wrong setting.`

/** reference/cli.md: every command with its options. */
export function cliPage(): string {
  return page(
    generatedBy('src/cli/commands.ts'),
    '# Commands',
    ABOUT,
    table(
      ['command', 'what it does'],
      cliCommands.map(({ name, arguments: words, describes }) => [
        `[${code(`${name} ${words}`.trim())}](#${idOf(name)})`,
        describes,
      ]),
    ),
    'Every command but `start` and `demo` also takes:',
    optionTable(COMMON_OPTIONS),
    ...cliCommands.flatMap(sectionOf),
  )
}

function sectionOf({ name, arguments: words, describes, details, options, examples }: CliCommand): string[] {
  return [
    `${anchor(idOf(name))}\n\n## ${name}`,
    `\`\`\`\nfarebox ${`${name} ${words}`.trim()}\n\`\`\``,
    `${describes.charAt(0).toUpperCase()}${describes.slice(1)}.`,
    ...details.map(escaped),
    Object.keys(options).length === 0 ? '' : optionTable(options),
    examples.length === 0 ? '' : `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
  ]
}

function optionTable(options: Readonly<Record<string, CliOption>>): string {
  return table(
    ['option', 'what it is'],
    Object.entries(options).map(([name, { value, describes }]) => [
      code(`--${name}${value === undefined ? '' : ` ${value}`}`),
      escaped(describes),
    ]),
  )
}

function idOf(name: string): string {
  return `command-${name.replaceAll(' ', '-')}`
}

/** Placeholders as `<model>` are no tags. */
function escaped(text: string): string {
  return text.replaceAll('<', '&lt;')
}
