/** A value that may change while the process runs. A room asks for it when it needs it, and keeps no copy. */
export interface Live<T> {
  get(): T
  /** Calls `listener` after every change. @returns what ends that */
  onChange(listener: (value: T) => void): () => void
}

/** A value that never changes. */
export function fixed<T>(value: T): Live<T> {
  return { get: () => value, onChange: () => () => undefined }
}

/** A live value with its one writer. */
export class LiveValue<T> implements Live<T> {
  readonly #listeners = new Set<(value: T) => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  set(value: T): void {
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  onChange(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

/** A value that may stand in the place of a live one, where it never changes. */
export type MaybeLive<T> = T | Live<T>

export function toLive<T>(value: MaybeLive<T>): Live<T> {
  return isLive(value) ? value : fixed(value)
}

function isLive<T>(value: MaybeLive<T>): value is Live<T> {
  return typeof value === 'object' && value !== null && 'get' in value && 'onChange' in value
}
