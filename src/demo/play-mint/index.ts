export type { FaultKind } from './faults.ts'
export { type EcashOptions } from './issue.ts'
export { type PlayMint, type PlayMintOptions, startPlayMint } from './start.ts'
