export { type Ink, plainInk, terminalInk } from './ink.ts'
export { heading, type Line, showStep, showSum } from './receipt.ts'
export { snippets } from './snippets.ts'
export { takeTour } from './tour.ts'
