import { PROMISES } from '../../test/support/promises.ts'

const SHOWN = 3

/** The promises, each with tests that fail where it is broken. */
export function promisesList(): string {
  return PROMISES.map(({ promise, says, proofs, command }) => {
    // Those whose whole title is written down read best.
    const best = proofs.toSorted((a, b) => Number(isPattern(a.test)) - Number(isPattern(b.test)))
    const links = best.slice(0, SHOWN).map(({ file, test }) => `[${plain(test)}](${file})`)
    const more = proofs.length > SHOWN ? [`[${proofs.length - SHOWN} more](test/support/promises.ts)`] : []
    const runs = command === undefined ? [] : [`\`${command}\` in CI`]
    return `${promise}. **${says}** ${[...links, ...more, ...runs].join(' · ')}`
  }).join('\n')
}

function isPattern(title: string): boolean {
  return plain(title).includes('…')
}

/** A title without what its table fills in. */
function plain(title: string): string {
  return title
    .replaceAll(/\s*\((?:[^()]*(?:%s|\$\w+)[^()]*)\)/g, '')
    .replaceAll(/%s|\$\w+/g, '…')
    .replaceAll(/[[\]]/g, '')
}
