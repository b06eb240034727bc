import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:net'

export type Numbers = Record<string, number>
type Answer = (question: Numbers) => Numbers | Promise<Numbers>

/** In a child: answers the parent's questions by name. Several sets of answers may stand side by side. */
export function answers(table: Readonly<Record<string, Answer>>): void {
  process.on('message', (message: { ask: string; id: number; question: Numbers }) => {
    const answer = table[message.ask]
    if (!answer) return
    void Promise.resolve(answer(message.question)).then(
      (numbers) => process.send?.({ id: message.id, numbers }),
      (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
    )
  })
  process.on('disconnect', () => process.exit(0))
}

/** In a child: the loopback port a server listens on, after seeing to it that it does. */
export async function listening(server: Server): Promise<Numbers> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1', 4_096)
    await once(server, 'listening')
  }
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0 }
}

interface Reply {
  id?: number
  numbers?: Numbers
  error?: string
}

/** A process of the bench, ended with it. */
export class Child {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #asked = 0
  #lastWords = ''

  constructor(file: string, options: { name: string; env?: Record<string, string>; cwd?: string }) {
    this.#name = options.name
    const probe = new URL('./probe.ts', import.meta.url).href
    this.#process = fork(file, [], {
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...options.env },
      execArgv: ['--expose-gc', '--import', probe],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text) => (this.#lastWords = (this.#lastWords + String(text)).slice(-4_000)))
    }
    this.#process.on('message', (reply: Reply) => {
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply)
    })
    this.#process.on('exit', (code) => this.#fail(`ended with ${code}`))
  }

  /** What it last wrote, for the reader of a failure. */
  get lastWords(): string {
    return this.#lastWords
  }

  ask(what: string, question: Numbers = {}, patienceMs = 60_000): Promise<Numbers> {
    this.#asked += 1
    const id = this.#asked
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`did not answer "${what}"`), patienceMs)
      this.#waiting.set(id, ({ numbers, error }) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (numbers) resolve(numbers)
        else reject(new Error(`${this.#name}: ${error ?? 'no answer'}\n${this.#lastWords}`))
      })
      if (this.#process.connected) this.#process.send({ ask: what, id, question })
      else this.#fail('is gone')
    })
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5_000)
    await gone
    clearTimeout(timer)
  }

  #fail(error: string): void {
    for (const answer of this.#waiting.values()) answer({ error })
  }
}
