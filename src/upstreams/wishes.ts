import { DomainError } from '../lib/index.ts'
import { isMargin } from './rules.ts'
import type { UpstreamConfig, UpstreamState } from './types.ts'

type NewUpstream = Omit<UpstreamConfig, 'order'>

/** What an operator wants to add, checked as far as no connection and no price list is needed. @throws `upstream_invalid` */
export function readNewUpstream({ id, type, url, key, prices, marginBp }: NewUpstream): NewUpstream {
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?$/.test(id)) {
    throw invalid(id, 'its id must be 1 to 40 of a-z, 0-9, ".", "_" and "-", as main or openai-2.')
  }
  if (prices.trim() === '' || prices.length > 500) {
    throw invalid(
      id,
      'it has no prices; write a provider of the price list, the path of a price file, or none.',
    )
  }
  if (marginBp !== undefined && !isMargin(marginBp)) {
    throw invalid(id, `its margin of ${marginBp} basis points must be a whole number from 0 to 100000.`)
  }
  return { id, type, url: url.replace(/\/+$/, ''), key, prices, marginBp }
}

function invalid(id: string, what: string): DomainError {
  return new DomainError('upstream_invalid', `The upstream "${id.slice(0, 60)}" cannot be used: ${what}`)
}

export function lockedUpstream(id: string): DomainError {
  return new DomainError(
    'upstream_locked_by_environment',
    `The upstream "${id}" is declared by the environment. Change or remove its FAREBOX_UPSTREAM_* values there and restart.`,
  )
}

export function notAnUpstream(id: string, known: readonly string[]): DomainError {
  const list = known.length === 0 ? 'There are none yet.' : `There are: ${known.join(', ')}.`
  return new DomainError('upstream_unknown', `There is no upstream "${id.slice(0, 60)}". ${list}`)
}

export function unusable({ config, lastError }: UpstreamState): DomainError {
  const why = lastError ?? 'its settings are wrong'
  return new DomainError('upstream_invalid', `The upstream "${config.id}" cannot be used: ${why}.`)
}

export function withoutModels({ config, lastError }: UpstreamState): DomainError {
  const [why, cure] =
    lastError === undefined
      ? ['', 'Name one with --model']
      : [`: ${lastError}`, 'Mend that, or name a model with --model']
  return new DomainError(
    'upstream_without_models',
    `The upstream "${config.id}" has listed no model to test${why}. ${cure}.`,
  )
}
