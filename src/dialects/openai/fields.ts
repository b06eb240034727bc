import type { Feature } from '../canonical/request.ts'
import { type JsonObject, refuse } from './body.ts'

/** A field whose `null` means that it is absent. */
export function given(value: JsonObject, name: string): unknown {
  return value[name] ?? undefined
}

export function readModel(value: JsonObject): string {
  const model = value['model']
  if (typeof model !== 'string' || model === '') refuse('model', 'must be a non-empty string')
  return model
}

export function readFlag(value: JsonObject, name: string): boolean {
  const flag = given(value, name) ?? false
  if (typeof flag !== 'boolean') refuse(name, 'must be true or false')
  return flag
}

/** An integer from 1 to `most`; undefined when the field is absent or null. */
export function readCount(value: JsonObject, name: string, most: number): number | undefined {
  const count = given(value, name)
  if (count === undefined) return undefined
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > most) {
    refuse(name, `must be an integer from 1 to ${most}`)
  }
  return count
}

/** Lets upstreams that sell other people's models choose another one than the caller saw a price for. */
const ROUTING = ['models', 'plugins', 'route', 'provider', 'transforms'] as const

/** Features that any OpenAI request can ask for in its top-level fields. */
export function commonFeatures(value: JsonObject, found: Map<string, Feature>): void {
  for (const field of ROUTING) if (given(value, field) !== undefined) found.set(field, 'upstream_routing')
  const tier = given(value, 'service_tier')
  if (tier !== undefined && tier !== 'default' && tier !== 'auto') found.set('service_tier', 'service_tier')
}

/** What the gate formula of the clients reads: `max_tokens` and no other field, when it is a number above 0. */
export function formulaOutputTokens(value: JsonObject): number | undefined {
  const most = value['max_tokens']
  return typeof most === 'number' && most > 0 ? most : undefined
}

/**
 * Top-level fields that stay here: what is not known, what names the client or asks the upstream to keep the text, and a
 * service tier of `auto`, which the settings of the operator's account there could turn into a dearer one.
 */
export function droppedFields(value: JsonObject, isSent: (key: string) => boolean): string[] {
  return Object.keys(value).filter(
    (key) => !isSent(key) || (key === 'service_tier' && value['service_tier'] === 'auto'),
  )
}
