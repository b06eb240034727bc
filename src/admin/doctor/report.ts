/** `warning`: the node works, but something will hurt; it does not change the exit code. */
export type CheckState = 'ok' | 'warning' | 'failed'

/** What one look found, in a sentence; `cure` says what to do, where there is something to do. */
export interface Finding {
  readonly state: CheckState
  readonly found: string
  readonly cure?: string
}

export interface DoctorCheck extends Finding {
  readonly name: string
  /** False for a failed one only. */
  readonly ok: boolean
  readonly ms: number
}

export interface DoctorReport {
  /** False when a check failed: exit code 1. */
  readonly ok: boolean
  readonly checks: readonly DoctorCheck[]
}

/** A check by its name; it may throw, which is a failure of what it looked at. */
export interface Check {
  readonly name: string
  look(): Finding | Promise<Finding>
}

export function good(found: string): Finding {
  return { state: 'ok', found }
}

export function warning(found: string, cure: string): Finding {
  return { state: 'warning', found, cure }
}

export function failed(found: string, cure: string): Finding {
  return { state: 'failed', found, cure }
}

const RANK: Readonly<Record<CheckState, number>> = { ok: 0, warning: 1, failed: 2 }

/** Several looks as one: as bad as the worst, with everything that was found and every cure. */
export function together(findings: readonly Finding[]): Finding {
  const worst = findings.reduce<CheckState>(
    (state, finding) => (RANK[finding.state] > RANK[state] ? finding.state : state),
    'ok',
  )
  const cures = findings.flatMap(({ cure }) => cure ?? [])
  const found = findings.map((finding) => finding.found).join('; ')
  return cures.length === 0 ? { state: worst, found } : { state: worst, found, cure: cures.join(' ') }
}

/** Runs a check and times it; one that does not come back within `timeoutMs` has failed. */
export async function perform(check: Check, timeoutMs: number): Promise<DoctorCheck> {
  const begin = performance.now()
  const finding = await withinTime(check, timeoutMs).catch((error: unknown) =>
    failed(
      `The check broke off: ${error instanceof Error ? error.message : String(error)}`,
      'Mend what the message names and run the doctor again.',
    ),
  )
  const ms = Math.round(performance.now() - begin)
  return { name: check.name, ok: finding.state !== 'failed', ...finding, ms }
}

async function withinTime(check: Check, timeoutMs: number): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>()
  const late = failed(
    `There was no result after ${Math.round(timeoutMs / 1000)} s`,
    'Look at what it waits for: the network, or a disk that is very busy.',
  )
  const timer = setTimeout(() => resolve(late), timeoutMs)
  try {
    return await Promise.race([Promise.resolve(check.look()), promise])
  } finally {
    clearTimeout(timer)
  }
}
