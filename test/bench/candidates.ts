import { Child } from './ipc.ts'
import { startFarebox } from './farebox.ts'

/** A proxy under measurement, listening and ready. */
export interface Candidate {
  name: string
  port: number
  /** What its callers send as their key. */
  key: string
  process: Child
  stop(): Promise<void>
}

export type Start = (upstreamPort: number) => Promise<Candidate>

const startPassThrough: Start = async (upstreamPort) => {
  const file = new URL('./pass-through.ts', import.meta.url).pathname
  const process = new Child(file, { name: 'pass-through', env: { UPSTREAM_PORT: String(upstreamPort) } })
  const { port = 0 } = await process.ask('port')
  return { name: 'pass-through', port, key: 'none', process, stop: () => process.stop() }
}

/** By the name that the command line gives. `pass-through` beside itself shows the noise of the bench. */
export const starters: Readonly<Record<string, Start>> = {
  'pass-through': startPassThrough,
  farebox: startFarebox,
}
