export { type Misbehaviour, type MisbehaviourName, MISBEHAVIOURS } from './misbehaviours.ts'
export { type Behaviour, startUpstream, type Upstream, type UpstreamOptions } from './start.ts'
