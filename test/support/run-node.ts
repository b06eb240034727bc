import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A child of this Node, and what it said. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with all of stdout once it holds this text, and rejects when the child ends before. */
  said(text: string): Promise<string>
}

/** Starts this Node with arguments. The child is killed after `timeoutMs`. */
export function runNode(
  args: readonly string[],
  {
    cwd,
    env = {},
    timeoutMs = 30_000,
  }: { cwd?: string; env?: Record<string, string>; timeoutMs?: number } = {},
): Running {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, stdout, stderr }))
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve(stdout)
        }
        child.stdout.on('data', look)
        look()
        void ended.then(() => reject(new Error(`It ended without "${text}": ${stdout}${stderr}`)))
      }),
  }
}
