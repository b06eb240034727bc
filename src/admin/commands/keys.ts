import { z } from 'zod'
import { rotateKey } from '../../storage/index.ts'
import { command } from '../command.ts'
import { readInput } from '../read-input.ts'

const rotateBody = z.strictObject({ key: z.string().trim().min(1).max(2000).optional() })

export const keyCommands = [
  command('keys.rotate', {
    describes: 'Changes the root key and seals everything anew, while the node serves.',
    read: (input) => readInput(rotateBody, input),
    run: ({ storage, secrets }, { key }) => rotateKey(storage, secrets, key),
  }),
]
