import { show } from '../answer.ts'
import { type CliCall, cliCommand } from '../command.ts'
import { readGivenSecret, SECRET_OPTIONS } from '../node/read-secret.ts'

export const keyCommands = [
  cliCommand({
    name: 'keys rotate',
    describes: 'change the root key and seal everything anew',
    details: [
      'The node goes on serving meanwhile. Where the key comes from FAREBOX_SECRET_KEY, the first call makes a new one for you to put there, and the call after the restart seals everything with it. Keys of customers stay as they are.',
    ],
    options: SECRET_OPTIONS,
    examples: ['farebox keys rotate', 'farebox keys rotate --key-file new.key'],
    run: rotate,
  }),
]

async function rotate(call: CliCall): Promise<number> {
  const key = await readGivenSecret(call)
  const rotation = await call.ask('keys.rotate', { ...(key !== undefined && { key }) })
  const { isComplete, resealed, next, newKey } = rotation
  return show(call, rotation, () => {
    const done = isComplete
      ? `The root key is changed; ${resealed} ${resealed === 1 ? 'value was' : 'values were'} sealed anew.`
      : 'The root key is not changed yet.'
    const made = newKey === undefined ? [] : ['', 'The new key, which is a secret:', `  ${newKey}`]
    const steps = next.map((sentence, i) => `${i + 1}. ${sentence}`)
    return [done, ...made, ...(steps.length > 0 ? ['', ...steps] : [])].join('\n')
  })
}
