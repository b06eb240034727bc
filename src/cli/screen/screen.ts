import type { Ink } from './ink.ts'

/** Where a command writes and asks. */
export interface Screen {
  readonly ink: Ink
  /** Columns. */
  readonly width: number
  /** Whether somebody is there to answer. */
  readonly isAttended: boolean
  /** Writes a line of the answer. */
  out(text: string): void
  /** Writes a line beside the answer, as for a warning. */
  note(text: string): void
  /** Asks for a line. */
  ask(question: string): Promise<string>
  /** The same, unseen. */
  askUnseen(question: string): Promise<string>
  /** All of standard input. */
  readInput(): Promise<string>
}
