import type { Clock } from '../../lib/index.ts'
import type { BtcUsd } from '../../money/index.ts'
import type { Storage } from '../../storage/index.ts'

/** What the doctor looks at. It changes nothing, and pays for one token at each upstream. */
export interface DoctorRooms {
  readonly dataDir: string
  readonly storage: Pick<Storage, 'durability' | 'read'>
  readonly clock: Clock
  /** The running node; undefined where none runs, which leaves out what callers would see. */
  readonly node: RunningNode | undefined
  /** Addresses of the mints whose ecash is taken. */
  readonly mints: readonly string[]
  readonly upstreams: readonly DoctorUpstream[]
  readonly rate: DoctorRate
  /** Every host that the node may contact. */
  readonly egress: readonly string[]
}

export interface RunningNode {
  /** Names this run; `GET /ping?stream=1` says it, so that the doctor knows whom it reached. */
  readonly boot: string
  /** What the operator says callers use, as `https://node.example/farebox`. */
  readonly publicUrl: string | undefined
  /** Where the node listens, as `http://127.0.0.1:8080`. */
  readonly address: string
}

export interface DoctorUpstream {
  readonly id: string
  /** Base address with its `/v1`. */
  readonly url: string
  readonly isEnabled: boolean
  /** A call of one token. A throw is a sentence that says why there was none. */
  test(): Promise<UpstreamTrial>
}

/** What came of a call of one token, as the upstreams' own test says it. */
export interface UpstreamTrial {
  readonly model: string
  /** HTTP status of the answer; undefined where none came. */
  readonly status: number | undefined
  readonly ms: number
  /** What went wrong; holds no key. */
  readonly problem: { readonly sentence: string; readonly cure: string } | undefined
  /** What it cost the node; undefined where there is no price. */
  readonly picoUsd: bigint | undefined
}

/** The price of bitcoin, as the catalogue's `ExchangeRate` has it. */
export interface DoctorRate {
  /** Asks the feeds now; nobody where the rate is fixed or off. */
  refresh(): Promise<void>
  /** @throws DomainError with a sentence that says why there is none */
  rate(): BtcUsd
  /** What `rate` gives, since when (unix ms) and by which feeds; none where it is fixed. */
  current(): { readonly rate: BtcUsd; readonly at: number; readonly feeds: readonly string[] } | undefined
  /** How each feed fared when it was last asked. */
  feeds(): readonly { readonly name: string; readonly lastError: string | undefined }[]
}
