import { type MatchLogic } from '@pydantic/genai-prices'

/** Whether a rule of the offline list means this model. Letters' case matters only to `regex`, as in the list's format. */
export function matches(rule: MatchLogic, model: string): boolean {
  if ('or' in rule) return rule.or.some((part) => matches(part, model))
  if ('and' in rule) return rule.and.every((part) => matches(part, model))
  if ('regex' in rule) return new RegExp(rule.regex).test(model)
  const name = model.toLowerCase()
  if ('equals' in rule) return name === rule.equals.toLowerCase()
  if ('starts_with' in rule) return name.startsWith(rule.starts_with.toLowerCase())
  if ('ends_with' in rule) return name.endsWith(rule.ends_with.toLowerCase())
  return name.includes(rule.contains.toLowerCase())
}
