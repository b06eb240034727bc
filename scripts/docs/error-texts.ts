/** What is said about an error beside its status: what became of the money, and the cure. */
interface ErrorText {
  readonly happened: string
  readonly cure: string
}

interface ErrorGroup {
  readonly title: string
  readonly about: string
  readonly errors: Readonly<Record<string, ErrorText>>
}

const NOTHING = 'nothing charged'
const UNTOUCHED = 'not touched'

const REQUEST: ErrorGroup = {
  title: 'The request',
  about: 'Nothing was charged, and ecash that came along was not touched.',
  errors: {
    invalid_json: { happened: 'the body is not a JSON object', cure: 'send a JSON object' },
    invalid_request: {
      happened: 'a field is missing or not valid',
      cure: 'mend the field that `details.param` names',
    },
    duplicate_key: {
      happened:
        'a key stands twice, or twice but for its case, so it could be priced one way and served another',
      cure: 'send it once',
    },
    unpriced_feature: {
      happened: 'the fields in `details.fields` could cause a cost without a price',
      cure: 'leave them out',
    },
    content_encoding_unsupported: { happened: 'the body is compressed', cure: 'send it uncompressed' },
    body_too_large: {
      happened: 'the body is above 10 MB (calls) or 300 KB (wallet routes)',
      cure: 'send less',
    },
    headers_too_large: {
      happened: 'the headers are above 64 KB',
      cure: 'send large ecash in the body of `POST /v1/wallet/create`',
    },
    request_timeout: {
      happened: 'the request came too slowly: its headers have 15 seconds, all of it two minutes',
      cure: 'send it again, faster',
    },
    bad_http: {
      happened: 'this was not HTTP that can be read, or it ended too early',
      cure: 'send it again whole',
    },
    model_not_found: {
      happened: 'the model is not sold here',
      cure: 'choose one of `GET /v1/models`; the message names near ones',
    },
    not_found: {
      happened: 'there is no such path, or not for this method',
      cure: '`GET /` lists what there is',
    },
  },
}

const PAYER: ErrorGroup = {
  title: 'Who pays',
  about: 'Nothing was charged.',
  errors: {
    payment_required: {
      happened: 'no credential came',
      cure: 'pay in one of the [ways](../call/paying.md); `X-Cashu` of the answer is a payment request (NUT-18)',
    },
    minimum_balance_required: {
      happened: 'the ecash is worth too little; it was not touched',
      cure: 'bring `amount_required_msat`',
    },
    insufficient_balance: {
      happened: 'the wallet has too little free',
      cure: 'top it up, or ask for less with a smaller `max_tokens`',
    },
    missing_api_key: { happened: 'no key came', cure: 'wallet routes need the wallet’s key' },
    invalid_api_key: {
      happened: 'this is neither a key nor ecash, or it is ecash that was spent on something else',
      cure: 'use the `sk-` key, or ecash that was not used before',
    },
    key_not_found: {
      happened: 'this node has no wallet with this key',
      cure: 'look which node gave you the key',
    },
    raw_ecash_not_allowed: {
      happened: 'the `sk-` key was used before, so the raw ecash may no longer take money out',
      cure: 'take it out with the `sk-` key',
    },
  },
}

const ECASH: ErrorGroup = {
  title: 'Ecash',
  about: 'The second column says what became of the ecash.',
  errors: {
    invalid_cashu_token: { happened: UNTOUCHED, cure: 'the message says what is wrong with it' },
    cashu_untrusted_source_mint: { happened: UNTOUCHED, cure: 'pay with ecash of one of `details.mints`' },
    cashu_unit_not_supported: { happened: UNTOUCHED, cure: 'pay in `sat`' },
    cashu_token_locked: { happened: UNTOUCHED, cure: 'swap it for ecash without a lock' },
    cashu_token_zero_value: { happened: UNTOUCHED, cure: 'it holds nothing' },
    cashu_token_swap_fees_exceed_amount: {
      happened: UNTOUCHED,
      cure: 'its mint’s fee would eat it up; bring more',
    },
    cashu_token_already_spent: {
      happened: 'was used before',
      cure: 'the change of a call is at `POST /v1/wallet/refund`',
    },
    cashu_token_redemption_failed: {
      happened: 'its mint refused it; it was not credited',
      cure: 'look at it in your own wallet',
    },
    cashu_payment_too_small: {
      happened: 'taken, and given back whole in `X-Cashu`',
      cure: 'bring `details.minimum_msat` after the fee',
    },
    cashu_ecash_overlaps: {
      happened: 'some of its proofs came before in another piece of ecash; nothing taken',
      cure: 'send ecash that was not used before',
    },
    payment_overlaps: {
      happened: 'some of its proofs are in another payment; nothing taken',
      cure: 'send ecash that was not used before',
    },
    payment_running: {
      happened: 'pays for a call that is running',
      cure: 'wait for it, or ask the refund route later',
    },
    payment_consumed: { happened: 'all of it was used by its call', cure: 'nothing is due' },
    refund_not_found: {
      happened: 'this node never took it as a payment',
      cure: 'if it is yours, it is still spendable',
    },
    cashu_mint_unreachable: {
      happened: 'not touched, or being found out; the message says which',
      cure: 'send the same request again; it never pays twice',
    },
    cashu_mint_rate_limited: {
      happened: 'not touched, or being found out; the message says which',
      cure: 'send the same request again, later',
    },
    cashu_operation_broke_off: {
      happened: 'an exchange at a mint was interrupted; nothing is lost, it goes on',
      cure: 'send the same request again',
    },
    cashu_operation_needs_attention: {
      happened: 'its mint gave an impossible answer; nothing is given up',
      cure: 'the operator has to look at it',
    },
  },
}

const PAYOUT: ErrorGroup = {
  title: 'Paying out',
  about: 'Nothing left the wallet.',
  errors: {
    no_balance_to_refund: { happened: 'there is less than one sat', cure: 'nothing is due' },
    refund_ongoing_requests: {
      happened: 'calls of this wallet are running',
      cure: 'ask again when they have ended',
    },
    exceeds_credits: { happened: 'the wallet has less free than that', cure: 'ask for less' },
    mint_not_funded: {
      happened: 'not that much came from this mint',
      cure: 'ask for less, or for another of `/v1/wallet/info`',
    },
    cashu_holdings_short: {
      happened: 'the node has not enough ecash of this mint at hand',
      cure: 'try again later',
    },
  },
}

const CALL: ErrorGroup = {
  title: 'The call',
  about: 'The second column says what happened to the money.',
  errors: {
    upstream_rejected: {
      happened: NOTHING,
      cure: '400, 404, 413 or 422 with the upstream’s own message: mend the request',
    },
    UPSTREAM_UNAVAILABLE: {
      happened: 'nothing charged (in a stream: what was delivered)',
      cure: 'try again, or another model',
    },
    UPSTREAM_TIMEOUT: {
      happened: 'nothing charged (in a stream: what was delivered)',
      cure: 'try again, or ask for less',
    },
    UPSTREAM_RATE_LIMIT: { happened: NOTHING, cure: 'come back after `Retry-After`' },
    output_limit_passed: {
      happened: 'no more than the limit is charged',
      cure: 'the upstream ignored its limit, so the stream was cut; ask for less, or another model',
    },
    supplier_timeout: { happened: NOTHING, cure: 'the route behind the paywall did not answer; try again' },
  },
}

const REPEAT: ErrorGroup = {
  title: 'Repeating a call',
  about:
    'For requests that carry an `Idempotency-Key` ([how](../call/paying.md#repeating-a-call)). The second column says what happened to the money.',
  errors: {
    call_running: {
      happened: 'the call is charged once',
      cure: 'ask again after `Retry-After` (`payment_running` for `X-Cashu`)',
    },
    answer_not_kept: {
      happened: '`details.charged_msat` was charged, and never is again',
      cure: 'the answer was too large to keep, or broke off: make a new call',
    },
    idempotency_key_reused: {
      happened: 'nothing charged, nothing paid out',
      cure: 'the key was used with another body, amount or mint; take a new one',
    },
    idempotency_key_invalid: { happened: NOTHING, cure: 'a key has 1 to 255 characters' },
  },
}

const NODE: ErrorGroup = {
  title: 'The node',
  about: 'The second column says what happened to the money.',
  errors: {
    rate_unavailable: {
      happened: NOTHING,
      cure: 'the node has no price of bitcoin that it trusts; the message says why. Come back after `Retry-After`',
    },
    too_many_tests: {
      happened: 'nothing charged; too many test streams (`GET /ping?stream=1`) are running',
      cure: 'try again in a moment',
    },
    shutting_down: { happened: NOTHING, cure: 'send it again after `Retry-After`' },
    node_stopping: {
      happened: 'nothing is lost; a step at a mint is finished at the next start',
      cure: 'send the same request again later',
    },
    storage_failed: {
      happened: 'what was written down holds, what was not did not happen; the next start finds it out',
      cure: 'its operator has to look at the disk and start the node again',
    },
    internal_error: {
      happened: 'what was held is settled by what was delivered',
      cure: 'look at your balance before you try again, and tell the operator the request id',
    },
  },
}

/** Every code of `src/http/problems.ts`, in the order in which the reference shows them. */
export const ERROR_GROUPS: readonly ErrorGroup[] = [REQUEST, PAYER, ECASH, PAYOUT, CALL, REPEAT, NODE]

/** Errors that stop a start or a command: an operator sees them, a caller does not. */
export const START_ERRORS: Readonly<Record<string, ErrorText>> = {
  setting_invalid: {
    happened: 'a setting has a wrong value, or no setting has this name',
    cure: 'write what the sentence says; [all settings](settings.md)',
  },
  setting_unknown: { happened: 'no setting has this name', cure: 'write the name that the sentence offers' },
  setting_locked_by_environment: {
    happened: 'the environment sets it, which goes before',
    cure: 'change it there and restart the node, or take it out there',
  },
  setting_needs_restart: {
    happened: 'it is read at the start only',
    cure: 'set it in the environment and restart the node',
  },
  upstream_exists: {
    happened: 'there is an upstream of this name already',
    cure: 'take another name, or remove that one first',
  },
  upstream_unknown: {
    happened: 'there is no upstream of this name',
    cure: '`farebox upstreams list` shows those there are',
  },
  upstream_without_models: {
    happened: 'the upstream has shown no model that could be tried',
    cure: 'the sentence has its last error; check its address and key',
  },
  upstream_locked_by_environment: {
    happened: 'the environment declares this upstream',
    cure: 'change it there and restart the node',
  },
  model_rule_invalid: {
    happened: 'a rule for a model has a wrong value',
    cure: 'write what the sentence says',
  },
  key_rotation_running: {
    happened: 'the root key is being changed already',
    cure: 'wait until that is done',
  },
  command_unknown: {
    happened: 'the node that runs has no such command',
    cure: 'use the same version for both',
  },
  command_invalid: { happened: 'a command was told something wrong', cure: 'write what the sentence says' },
  node_out_of_reach: {
    happened: 'a node runs on the data directory, and the command cannot reach it',
    cure: 'give the command where the node runs, in the same container; with `FAREBOX_ADMIN_LISTEN=off` stop the node first',
  },
  node_broke_off: {
    happened: 'the node did not answer the command to its end; what became of it is not known',
    cure: 'look before you repeat it',
  },
  setting_file_invalid: {
    happened: 'a file for `config apply` has a line that is none',
    cure: 'mend the line that the sentence names',
  },
  address_in_use: {
    happened: 'another program has the address',
    cure: 'set `FAREBOX_LISTEN` or `FAREBOX_ADMIN_LISTEN`, or stop that program',
  },
  listen_invalid: {
    happened: 'the address cannot be listened on',
    cure: 'write one that this machine has',
  },
  usage: { happened: 'the command line is wrong', cure: '`farebox <command> --help`' },
  admin_unauthorized: {
    happened: 'the private listener was asked without the token of this run',
    cure: 'it stands in `control.json` in the data directory',
  },
  host_not_allowed: {
    happened: 'the private listener was asked under a name that is not this machine’s',
    cure: 'use `localhost` or its address; do not put a proxy before it',
  },
  price_file_invalid: {
    happened: 'a price file has a wrong word or number',
    cure: 'mend the place that the sentence names; [price files](../run/pricing.md#price-files)',
  },
  price_list_unknown: {
    happened: 'no provider of the price list has this name',
    cure: 'write a provider, or the path of a price file that ends in `.json`',
  },
  upstream_invalid: { happened: 'an upstream has a wrong value', cure: 'write what the sentence says' },
  directory_locked: {
    happened: 'another process uses the data directory',
    cure: 'stop it, or give this one a directory of its own',
  },
  data_dir_unusable: {
    happened: 'the data directory cannot be made, read or written, or is damaged',
    cure: 'the sentence says which: mostly it has to belong to the user that runs the node',
  },
  data_dir_invalid: { happened: 'the data directory is not a directory', cure: 'name another' },
  database_missing: {
    happened: 'there is a key and no database beside it',
    cure: 'put the database back; [restore](../run/backup.md)',
  },
  node_key_missing: {
    happened: 'there is a database and no key to it',
    cure: 'put `secret.key` back, or set `FAREBOX_SECRET_KEY`',
  },
  node_key_unreadable: {
    happened: 'the key file cannot be read',
    cure: 'make it belong to the user that runs the node, with mode 0600',
  },
  node_key_invalid: {
    happened: 'the key is neither a line of a `secret.key` nor 64 hex digits',
    cure: 'write it as it stood in `secret.key`',
  },
  node_key_foreign: {
    happened: 'the key is that of another node',
    cure: 'put the key back that belongs to this database',
  },
  schema_too_new: {
    happened: 'a newer Farebox wrote this database',
    cure: 'start that version, or a newer one; [upgrade](../run/upgrade.md)',
  },
  schema_changed: {
    happened: 'a migration that the database has seen is another one now',
    cure: 'install Farebox anew; its files were changed',
  },
  migration_failed: {
    happened: 'a migration failed; the data is as it was',
    cure: 'start the version that you had, and report it',
  },
  backup_failed: {
    happened: 'the copy before a migration could not be written; nothing was changed',
    cure: 'make room on the disk',
  },
  sealed_value_unreadable: {
    happened: 'a sealed value cannot be opened with the keys that the node knows',
    cure: 'give it the older key as well, comma-separated in `FAREBOX_SECRET_KEY`',
  },
  record_unreadable: {
    happened: 'the record of a call cannot be read; the call is left open',
    cure: 'report it; the money of the call stays set aside',
  },
}

/** Codes that are caught inside the house and become another answer. */
export const INNER_CODES: ReadonlySet<string> = new Set([
  'hold_already_resolved',
  'exceeds_hold_amount',
  'cashu_coin_gone',
])
