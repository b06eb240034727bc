import { z } from 'zod'
import { DomainError } from '../lib/index.ts'
import { type MarginBp, scaleDecimal } from '../money/index.ts'

/** @throws DomainError `command_invalid`: a sentence that names what is wrong */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input ?? {})
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const param = issue?.path.join('.') ?? ''
  const where = param === '' ? 'What the command was told' : param
  throw new DomainError(
    'command_invalid',
    `${where}: ${issue?.message ?? 'not valid'}. Nothing was changed.`,
    {
      details: { param },
    },
  )
}

const nothing = z.strictObject({})

/** For a command that is told nothing. */
export function readNothing(input: unknown): Record<string, never> {
  readInput(nothing, input)
  return {}
}

/** `10%` or `7.5%` in basis points. @throws DomainError `command_invalid` */
export function readMargin(text: string): MarginBp {
  const digits = /^(\d{1,4}(?:\.\d{1,2})?)\s*%$/.exec(text.trim())?.[1]
  if (digits !== undefined) return Number(scaleDecimal(digits, 2))
  throw new DomainError('command_invalid', `The margin is ${text}. Write a percentage, as 10%.`)
}

export function marginText(marginBp: MarginBp | undefined): string | null {
  return marginBp === undefined ? null : `${marginBp / 100}%`
}

export function timeText(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
