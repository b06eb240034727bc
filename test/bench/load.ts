/** The load generator, a process of its own. It answers with counts and milliseconds; any fault is counted. */
import { performance } from 'node:perf_hooks'
import { Connection, type Reply } from './client.ts'
import { answers, type Numbers } from './ipc.ts'
import { percentile } from './stats.ts'
import { request, requestBody } from './wire.ts'

const PATH = '/v1/chat/completions'
const KEY = process.env['BENCH_KEY'] ?? 'none'
const BODIES = [requestBody(false), requestBody(true)] as const

interface Shot {
  message: Buffer
  stream: boolean
}

class Tally {
  readonly startedAt = performance.now()
  readonly whole: number[] = []
  readonly firstByte: number[] = []
  done = 0
  errors = 0
  lastStatus = 0

  shoot(connection: Connection, { message, stream }: Shot, then: (alive: boolean) => void): void {
    const startedAt = performance.now()
    connection.send(message, {
      firstByte: () => this.firstByte.push(performance.now() - startedAt),
      end: (reply) => {
        if (reply) this.lastStatus = reply.status
        if (isGood(reply, stream)) {
          this.done += 1
          this.whole.push(performance.now() - startedAt)
        } else this.errors += 1
        then(reply !== undefined)
      },
    })
  }

  numbers(): Numbers {
    return {
      done: this.done,
      errors: this.errors,
      lastStatus: this.lastStatus,
      ms: performance.now() - this.startedAt,
      p50: percentile(this.whole, 0.5),
      p99: percentile(this.whole, 0.99),
      firstByteP50: percentile(this.firstByte, 0.5),
      firstByteP99: percentile(this.firstByte, 0.99),
    }
  }
}

function isGood(reply: Reply | undefined, stream: boolean): boolean {
  if (reply?.status !== 200) return false
  return stream ? reply.tail.includes('[DONE]') : reply.bodyBytes > 900
}

function shotFor(question: Numbers): Shot {
  const stream = question['stream'] === 1
  return { message: request(PATH, { body: BODIES[stream ? 1 : 0], key: KEY }), stream }
}

/** `connections` callers, each of whom asks again as soon as he was answered, for `ms`. */
function closedLoop(question: Numbers): Promise<Numbers> {
  const { port = 0, connections = 1, ms = 1_000 } = question
  const shot = shotFor(question)
  const tally = new Tally()
  return new Promise((resolve) => {
    let busy = connections
    const stop = (connection: Connection): void => {
      connection.close()
      busy -= 1
      if (busy === 0) resolve(tally.numbers())
    }
    const again = (connection: Connection): void => {
      if (performance.now() - tally.startedAt > ms || tally.errors > 100) stop(connection)
      else tally.shoot(connection, shot, (alive) => again(alive ? connection : new Connection(port)))
    }
    for (let i = 0; i < connections; i += 1) again(new Connection(port))
  })
}

/** `rate` requests a second for `ms`, whether answered or not. */
function openLoop(question: Numbers): Promise<Numbers> {
  const { port = 0, rate = 300, ms = 1_000 } = question
  const shot = shotFor(question)
  const tally = new Tally()
  const idle: Connection[] = []
  const total = Math.round((rate * ms) / 1_000)
  let [sent, ended] = [0, 0]
  return new Promise((resolve) => {
    const end = (connection: Connection, alive: boolean): void => {
      ended += 1
      if (alive) idle.push(connection)
      if (ended < total) return
      for (const one of idle) one.close()
      resolve(tally.numbers())
    }
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - tally.startedAt) * rate) / 1_000))
      for (; sent < due; sent += 1) {
        const connection = idle.pop() ?? new Connection(port)
        tally.shoot(connection, shot, (alive) => end(connection, alive))
      }
      if (sent === total) clearInterval(timer)
    }, 1)
  })
}

const held: Connection[] = []

/** Opens `count` more streams, keeps them open, and answers when each has had its first byte. */
function hold(question: Numbers): Promise<Numbers> {
  const { port = 0, count = 1 } = question
  const { message } = shotFor(question)
  return new Promise((resolve) => {
    let [open, errors] = [0, 0]
    const settled = (): void => {
      if (open + errors === count) resolve({ open, errors })
    }
    for (let i = 0; i < count; i += 1) {
      const connection = new Connection(port)
      held.push(connection)
      let began = false
      connection.send(message, {
        firstByte: () => {
          if (began) return
          began = true
          open += 1
          settled()
        },
        end: () => {
          if (began) return
          errors += 1
          settled()
        },
      })
    }
  })
}

answers({
  closed: closedLoop,
  open: openLoop,
  hold,
  release: () => {
    for (const connection of held.splice(0)) connection.close()
    return {}
  },
})
