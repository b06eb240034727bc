export { type Misbehaviour, type MisbehaviourName, MISBEHAVIOURS } from './misbehaviours.ts'
export {
  type Behaviour,
  type CapturedRequest,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
  type UpstreamStats,
} from './start.ts'
