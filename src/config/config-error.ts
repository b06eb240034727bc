import { DomainError } from '../lib/index.ts'

/** A setting that stops the start: a sentence that says which, and what to write. */
export class ConfigError extends DomainError {
  constructor(name: string, sentence: string) {
    super('setting_invalid', `FAREBOX_${name} ${sentence}`)
  }
}
