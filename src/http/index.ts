export type { LogEvent, NodeRooms, Profile } from './node.ts'
export { paywall, type PaywallOptions } from './paywall.ts'
export { PROBLEMS } from './problems.ts'
export { publicApp, publicServer, walletRouter } from './server.ts'
