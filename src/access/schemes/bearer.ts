import type { Credentials } from '../scheme.ts'

/** What stands where an API key goes: a bearer string, or the key headers of other SDKs. */
export function bearerOf({ authorization, apiKey }: Credentials): string | undefined {
  if (authorization !== undefined) {
    const match = /^bearer\s+(\S+)\s*$/i.exec(authorization)
    if (match?.[1] !== undefined) return match[1]
  }
  return apiKey
}
