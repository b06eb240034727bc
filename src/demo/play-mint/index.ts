export { type FaultKind, type FaultPlan } from './faults.ts'
export { type EcashOptions } from './issue.ts'
export { type ProofState } from './mint.ts'
export { type MintStats, type PlayMint, type PlayMintOptions, startPlayMint } from './start.ts'
