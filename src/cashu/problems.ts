import { DomainError } from '../lib/index.ts'

const UNTOUCHED = 'The ecash was not touched; it is still yours.'

export function invalidEcash(why: string): DomainError {
  return new DomainError('invalid_cashu_token', `This is not ecash that can be taken: ${why}. ${UNTOUCHED}`)
}

export function lockedEcash(): DomainError {
  return new DomainError(
    'cashu_token_locked',
    `This ecash is locked to a key or a condition. Send ecash without a lock. ${UNTOUCHED}`,
  )
}

export function worthlessEcash(): DomainError {
  return new DomainError('cashu_token_zero_value', `This ecash holds no value. ${UNTOUCHED}`)
}

export function foreignMint(mint: string, accepted: readonly string[]): DomainError {
  return new DomainError(
    'cashu_untrusted_source_mint',
    `Ecash of ${mint} is not taken here. Pay with ecash of one of: ${accepted.join(', ')}. ${UNTOUCHED}`,
    { details: { mint, mints: accepted } },
  )
}

export function wrongUnit(unit: string): DomainError {
  return new DomainError(
    'cashu_unit_not_supported',
    `This ecash is in the unit '${unit}'; only 'sat' is taken. ${UNTOUCHED}`,
    { details: { unit, accepted: ['sat'] } },
  )
}

export function feeExceedsEcash(faceSat: number, feeSat: number): DomainError {
  return new DomainError(
    'cashu_token_swap_fees_exceed_amount',
    `This ecash is worth ${faceSat} sat and its mint takes ${feeSat} sat for exchanging it, so nothing would be left. ${UNTOUCHED}`,
    { details: { face_sat: faceSat, fee_sat: feeSat } },
  )
}

export function mintUnreachable(mint: string): DomainError {
  return new DomainError(
    'cashu_mint_unreachable',
    `The mint ${mint} does not answer. ${UNTOUCHED} Try again, or pay with ecash of another mint.`,
    { details: { mint }, retryAfterS: 5 },
  )
}

export function keysetNotKnownYet(mint: string, retryAfterS: number): DomainError {
  return new DomainError(
    'cashu_mint_rate_limited',
    `The keyset of this ecash is new here, and its mint ${mint} was asked for its keysets a moment ago. ${UNTOUCHED} Send the same request again in ${retryAfterS} s.`,
    { details: { mint }, retryAfterS },
  )
}

/** After a step that may have moved money: nothing may be said about it but "wait". */
export function undecided(mint: string): DomainError {
  return new DomainError(
    'cashu_mint_unreachable',
    `The mint ${mint} has not answered yet whether the exchange took place. Nothing is lost: it is being found out, and the same request sent again joins it.`,
    { details: { mint }, retryAfterS: 5 },
  )
}

export function needsAttention(mint: string): DomainError {
  return new DomainError(
    'cashu_operation_needs_attention',
    `The mint ${mint} answered the exchange in a way that cannot be right. Nothing was credited and nothing was given up; the operator has to look at it.`,
    { details: { mint }, retryAfterS: 3600 },
  )
}

export function holdingsShort(mint: string): DomainError {
  return new DomainError(
    'cashu_holdings_short',
    `The node has not enough ecash of ${mint} at hand for this payout just now. Nothing was taken from the balance. Try again later.`,
    { details: { mint }, retryAfterS: 30 },
  )
}
