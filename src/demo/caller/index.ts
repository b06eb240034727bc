export { type Ink, plainInk, terminalInk } from './ink.ts'
export { heading, type Line, sats, showStep, showSum } from './receipt.ts'
export { type Live, snippets } from './snippets.ts'
export { takeTour, type TourOptions } from './tour.ts'
