export {
  heading,
  type Ink,
  type Line,
  plainInk,
  showStep,
  showSum,
  snippets,
  takeTour,
  terminalInk,
} from './caller/index.ts'
export {
  type EcashOptions,
  type FaultKind,
  type PlayMint,
  type PlayMintOptions,
  startPlayMint,
} from './play-mint/index.ts'
export {
  type Behaviour,
  type Misbehaviour,
  type MisbehaviourName,
  MISBEHAVIOURS,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from './upstream/index.ts'
