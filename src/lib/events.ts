export type EventLevel = 'debug' | 'info' | 'warn' | 'error'

interface EventDescription {
  /** The `event` of its line. */
  readonly name: string
  /** The least talkative log level that still writes it. */
  readonly level: EventLevel
  /** When it is written, and what stands beside it. */
  readonly describes: string
}

/** Every event that a log can have. The reference of events is written from this list. */
export const EVENTS = [
  { name: 'listening', level: 'info', describes: 'The node takes requests at `address`.' },
  {
    name: 'stopping',
    level: 'info',
    describes: 'The node got `signal`: it refuses new calls and ends; at a second one it waits no longer.',
  },
  {
    name: 'orphans_closed',
    level: 'info',
    describes:
      'At its start the node ended what an earlier run left open: `closed` calls were settled, `givenBack` payments without a call and `returned` charges of undelivered replies were given back.',
  },
  {
    name: 'storage_upgraded',
    level: 'info',
    describes:
      'The database was brought from schema `from` to `to`; `savedAs` is the copy of it from before.',
  },
  {
    name: 'storage_failed',
    level: 'error',
    describes:
      'The database could not be written (`why`). All calls are refused until the node is started again; look at its disk first.',
  },
  {
    name: 'key_rotated',
    level: 'info',
    describes:
      'A change of the root key that a crash had broken off was finished: `resealed` values were sealed with the new key.',
  },
  {
    name: 'job_failed',
    level: 'error',
    describes: 'A task of the background failed with `error` and is tried again in its turn.',
  },
  {
    name: 'call_closed',
    level: 'debug',
    describes:
      'A call was settled: `callId`, `model`, `outcome` (complete, cut, left or failed) and its `chargeMsat`.',
  },
  {
    name: 'call_failed',
    level: 'warn',
    describes:
      'A call was answered with an error that is not its caller’s: `callId`, `dialect` and the error’s `code`.',
  },
  {
    name: 'request_failed',
    level: 'error',
    describes: 'A bug of the node: `error` in the request `callId`. Report it.',
  },
  {
    name: 'http_rejected',
    level: 'warn',
    describes: 'A request was refused before it was read: `callId` and the error’s `code`.',
  },
  {
    name: 'connections_full',
    level: 'warn',
    describes:
      'The node has as many connections as it takes, and closed another one unread. At most one line a minute; `dropped` counts them all.',
  },
  {
    name: 'admin_command',
    level: 'info',
    describes:
      'The private listener ran the `command`, or refused it with `code`; `callId` is its request. What it was told is not written.',
  },
  {
    name: 'upstream_models_read',
    level: 'info',
    describes: 'The model list of `upstream` was read; it has `models` models.',
  },
  {
    name: 'upstream_models_failed',
    level: 'warn',
    describes:
      'The model list of `upstream` could not be read, because of `error`; the last good one is kept.',
  },
  {
    name: 'upstream_list_not_kept',
    level: 'warn',
    describes: 'The model list of `upstream` was read but could not be saved, because of `error`.',
  },
  {
    name: 'upstream_paused',
    level: 'warn',
    describes:
      'The `upstream` kept failing, last with `error`, and gets no calls until `until` (Unix milliseconds).',
  },
  {
    name: 'upstream_resumed',
    level: 'info',
    describes: 'The `upstream` gets calls again: its model list came, or a call is to try it.',
  },
  {
    name: 'upstream_changed',
    level: 'info',
    describes: 'An operator changed the `upstream`: `change` is added, enabled, disabled or removed.',
  },
  {
    name: 'cashu_operation_broke_off',
    level: 'warn',
    describes:
      'A receive or send (`operation`) broke off, because of `why`; it is taken up again in a minute.',
  },
  {
    name: 'cashu_operation_needs_attention',
    level: 'error',
    describes:
      'A receive or send (`operation`, `kind`) at `mint` has ended in a way that the protocol does not know. Somebody has to look at it.',
  },
  {
    name: 'cashu_keyset_refused',
    level: 'warn',
    describes: 'The `mint` shows a `keyset` whose id does not fit its keys; ecash of it is not taken.',
  },
  {
    name: 'rate_found',
    level: 'info',
    describes:
      'There is a price of bitcoin again, or a large change of it was confirmed: `usd`, from these `feeds`.',
  },
  {
    name: 'rate_refused',
    level: 'warn',
    describes:
      'The feeds gave no new price of bitcoin. `reason` is `no_quorum` (too few `answers` agree) or `unconfirmed_jump` (`from`, `to`: believed when it is seen again).',
  },
  {
    name: 'rate_feed_failed',
    level: 'warn',
    describes: 'The `feed` of the price of bitcoin gave no good answer, because of `reason`.',
  },
  {
    name: 'rate_feed_recovered',
    level: 'info',
    describes: 'The `feed` of the price of bitcoin answers again.',
  },
  {
    name: 'prices_read',
    level: 'info',
    describes: 'The price list of `source` was read: `changed` prices changed, `refused` were not believed.',
  },
  {
    name: 'prices_failed',
    level: 'warn',
    describes: 'The price list of `source` could not be read, because of `why`; the last good one is kept.',
  },
  {
    name: 'price_refused',
    level: 'warn',
    describes:
      'A new price of `model` in the list of `source` was not believed, because of `why`; the old one is kept.',
  },
] as const satisfies readonly EventDescription[]

export type EventName = (typeof EVENTS)[number]['name']
