import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import type { NodeRooms } from './node.ts'

type PublicUrl = () => string | undefined

/** Where callers reach the node, without a slash at its end: its public URL, or else what the request says of itself. */
export function baseUrlOf({ profile }: Pick<NodeRooms, 'profile'>, request: Request): string {
  return profile.publicUrl ?? `${request.protocol}://${request.host ?? 'localhost'}`
}

/**
 * Takes the path of the public URL (`/ai` of `https://x.example/ai`) off requests, for a proxy that left it on; one that
 * takes it off by itself needs nothing. Has to run before Express looks at the URL.
 */
export function publicPathRemover(publicUrl: PublicUrl): (request: IncomingMessage) => void {
  let seen: string | undefined
  let prefix = ''
  return (request) => {
    const now = publicUrl()
    if (now !== seen) {
      seen = now
      prefix = publicPathOf(now)
    }
    if (prefix !== '') request.url = withoutPrefix(request.url ?? '/', prefix)
  }
}

/** The path of a public URL; none where it is the beginning of our own paths, which would be taken off them. */
function publicPathOf(publicUrl: string | undefined): string {
  const path = publicUrl === undefined ? '' : (URL.parse(publicUrl)?.pathname ?? '').replace(/\/+$/, '')
  return path === '/v1' || path.startsWith('/v1/') ? '' : path
}

function withoutPrefix(url: string, prefix: string): string {
  if (!url.startsWith(prefix)) return url
  const rest = url.slice(prefix.length)
  if (rest === '') return '/'
  if (rest.startsWith('/')) return rest
  return rest.startsWith('?') ? `/${rest}` : url
}
