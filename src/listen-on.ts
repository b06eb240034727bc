import type { Server } from 'node:http'
import { DomainError } from './lib/index.ts'

interface Place {
  readonly host: string
  readonly port: number
  /** The setting that names it, for the error. */
  readonly setting: string
}

/**
 * @returns the address that `server` listens on, as `http://127.0.0.1:8080`
 * @throws DomainError `address_in_use`, `listen_invalid`
 */
export async function listenOn(server: Server, place: Place): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(explained(error, place))
    server.once('error', fail)
    server.listen(place.port, place.host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

/** What the operating system says about an address that cannot be had, as a sentence with its cure. */
function explained(error: Error, { host, port, setting }: Place): Error {
  const code = 'code' in error ? String(error.code) : ''
  const because = TROUBLE[code]
  if (because === undefined) return error
  const name = code === 'EADDRINUSE' ? 'address_in_use' : 'listen_invalid'
  const cure = because.replace('SETTING', setting)
  return new DomainError(name, `The node cannot listen on ${host}:${port}: ${cure}`, { cause: error })
}

const TROUBLE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program does. Stop that one, or give SETTING another port.',
  EACCES: 'this user may not. Give SETTING a port from 1024 on.',
  EADDRNOTAVAIL: 'this machine has no such address. Give SETTING one that it has, as 127.0.0.1:8080.',
  ENOTFOUND: 'there is no such name. Give SETTING an address, as 127.0.0.1:8080.',
}
