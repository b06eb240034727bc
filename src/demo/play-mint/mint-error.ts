/** A refusal as NUT-00 writes it. `status` is 400 for the protocol's codes, 422 for a body of the wrong shape. */
export class MintError extends Error {
  readonly code: number
  readonly status: number

  constructor(code: number, message: string, status = 400) {
    super(message)
    this.name = 'MintError'
    this.code = code
    this.status = status
  }
}

/** The codes of the NUTs' `error_codes.md` that this mint can give. */
export const CODES = {
  unknown: 0,
  badProof: 10001,
  spent: 11001,
  pending: 11002,
  outputsSigned: 11003,
  unbalanced: 11005,
  amountOutOfRange: 11006,
  duplicateInputs: 11007,
  duplicateOutputs: 11008,
  mixedUnits: 11009,
  otherUnit: 11010,
  unitUnsupported: 11013,
  keysetUnknown: 12001,
  keysetInactive: 12002,
  quoteUnpaid: 20001,
  quoteIssued: 20002,
  witness: 20008,
} as const
