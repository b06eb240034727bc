interface Page {
  readonly path: string
  readonly text: string
}

const FOLDERS: Readonly<Record<string, string>> = {
  call: 'Call a node',
  run: 'Run a node',
  build: 'Build on it',
  explain: 'How it works',
  reference: 'Reference, generated from the code',
}

/** llms.txt: the pages with their first sentence, for readers that are programs (llmstxt.org). */
export function llmsText(pages: readonly Page[]): string {
  const sections = Object.entries(FOLDERS).map(([folder, title]) => {
    const here = pages.filter(({ path }) => path.startsWith(`docs/${folder}/`))
    return [`## ${title}`, '', ...here.map(lineOf)].join('\n')
  })
  return `# Farebox

> An AI gateway that is paid per request in Bitcoin ecash: a Cashu token goes where the API key goes, a call costs what it used to the thousandth of a satoshi, and the rest comes back.

The public API is OpenAI's (\`/v1/chat/completions\`, \`/v1/embeddings\`, \`/v1/models\`) and wallet routes (\`/v1/wallet/*\`). Errors have one shape with a stable \`code\`.

${sections.join('\n\n')}
`
}

function lineOf({ path, text }: Page): string {
  const title = /^# (.+)$/m.exec(text)?.[1] ?? path
  const first = text
    .slice(text.indexOf('\n', text.indexOf('\n# ') + 1))
    .split('\n')
    .find((line) => /^[A-Za-z`*[]/.test(line))
  const sentence = first && plain(/^.*?[.:](?=\s|$)/.exec(first)?.[0] ?? first)
  return `- [${title}](${path})${sentence ? `: ${sentence}` : ''}`
}

function plain(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1').replace(/:$/, '.')
}
