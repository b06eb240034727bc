/**
 * A named place at which a test may kill the process. Disarmed (always, outside tests) it costs one comparison.
 * Armed as `name` it kills at the first visit, as `name:3` at the third, by SIGKILL: nothing is flushed or caught.
 */
let armedName: string | undefined
let visitsLeft = 0
let onHit: ((name: string) => void) | undefined

export function armFailpoint(spec: string | undefined, listener?: (name: string) => void): void {
  const [name, visits] = (spec ?? '').split(':')
  armedName = name === '' ? undefined : name
  visitsLeft = Number(visits ?? 1)
  onHit = listener
}

export function failpoint(name: string): void {
  if (armedName !== name) return
  visitsLeft -= 1
  if (visitsLeft > 0) return
  onHit?.(name)
  process.kill(process.pid, 'SIGKILL')
  // The signal is delivered by the kernel before the next system call returns; this loop only makes "at once" true.
  for (;;) void 0
}
