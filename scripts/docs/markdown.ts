/** The first line of a generated page. */
export function generatedBy(sources: string): string {
  return `<!-- Written by \`npm run docs\` from ${sources}. Edit those, not this page. -->`
}

/** A table whose cells are Markdown; a bar in a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  const written = cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' '))
  return `| ${written.join(' | ')} |`
}

export function code(text: string): string {
  return `\`${text}\``
}

/** A place in the page that links can name. */
export function anchor(id: string): string {
  return `<a id="${id}"></a>`
}

/** Parts of a page with an empty line between them, and one line end at its end. */
export function page(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
