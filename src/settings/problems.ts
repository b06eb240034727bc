import { DomainError, nearest } from '../lib/index.ts'

export function lockedByEnvironment(name: string): DomainError {
  return new DomainError(
    'setting_locked_by_environment',
    `FAREBOX_${name} is set in the environment (or in .env), which goes before what is set here. Change it there and restart the node, or take it out there.`,
    { details: { name } },
  )
}

export function unknownSetting(name: string, known: readonly string[]): DomainError {
  const shown = name.slice(0, 100)
  if (shown.startsWith('UPSTREAM_')) {
    return new DomainError(
      'setting_unknown',
      `FAREBOX_${shown} can be set in the environment only. Upstreams are changed with farebox upstreams.`,
      { details: { name: shown } },
    )
  }
  const near = nearest(shown, known)
  return new DomainError(
    'setting_unknown',
    `FAREBOX_${shown} is not a setting. Did you mean FAREBOX_${near}?`,
    { details: { name: shown, nearest: near } },
  )
}

export function needsRestart(name: string): DomainError {
  return new DomainError(
    'setting_needs_restart',
    `FAREBOX_${name} is read when the node starts, from the environment (or .env) only. Set it there and restart the node.`,
    { details: { name } },
  )
}

export function invalidSetting(name: string, sentence: string): DomainError {
  return new DomainError('setting_invalid', `FAREBOX_${name} ${sentence}`, { details: { name } })
}

/** The same failure, where nobody has just written it. */
export function inTheTable(error: DomainError): DomainError {
  return new DomainError(
    error.code,
    `${error.message} This is what the database says: set it right, or take it out, with farebox config apply.`,
    { cause: error },
  )
}
