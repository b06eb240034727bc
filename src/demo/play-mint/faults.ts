/**
 * What goes wrong with one request. `drop_before`: cut before it is executed; `drop_after`: executed, then cut without a
 * reply; `truncate`: executed, half of the reply, then cut; `late`: cut at once, executed that many milliseconds later;
 * `hang`: neither executed nor answered; `down`: reset before its body is read; `status_*`: refused, not executed.
 */
export type FaultKind =
  | 'drop_before'
  | 'drop_after'
  | 'truncate'
  | 'status_503'
  | 'status_429'
  | 'hang'
  | 'down'
  | { readonly late: number }

type FaultPlan = (path: string) => FaultKind | undefined

/** Decides the fault of each request: first those ordered one by one, then the plan. */
export class Faults {
  readonly #next = new Map<string, FaultKind[]>()
  #plan: FaultPlan = () => undefined

  /** The next `times` requests for `path` (as `/v1/swap`) go wrong; orders for one path queue up. */
  failNext(path: string, kind: FaultKind, times = 1): void {
    const queue = this.#next.get(path) ?? []
    this.#next.set(path, [...queue, ...Array.from({ length: times }, () => kind)])
  }

  /** Asked for every request that no order is left for. */
  setFaults(plan: FaultPlan): void {
    this.#plan = plan
  }

  /** Everything works again. */
  clear(): void {
    this.#next.clear()
    this.#plan = () => undefined
  }

  take(path: string): FaultKind | undefined {
    return this.#next.get(path)?.shift() ?? this.#plan(path)
  }
}
