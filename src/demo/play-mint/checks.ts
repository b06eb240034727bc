import { Amount, getSecretKind, isP2PKSpendAuthorised } from '@cashu/cashu-ts'
import { compress, hashToPoint, isCurvePoint, multiply } from './curve.ts'
import { keyOf, type Keysets } from './keysets.ts'
import { CODES, MintError } from './mint-error.ts'
import { type Input, type Output } from './shapes.ts'

/** The Y of every input, in their order. @throws MintError 11007 when one is there twice */
export function distinctYs(inputs: readonly Input[]): string[] {
  const ys = inputs.map((input) => hashToPoint(input.secret).toString('hex'))
  if (new Set(ys).size !== ys.length) throw new MintError(CODES.duplicateInputs, 'An input is there twice')
  return ys
}

/** Signature and spending condition of every input. @throws MintError 12001, 10001, 11009, 20008 */
export function checkInputs(keysets: Keysets, inputs: readonly Input[], ys: readonly string[]): void {
  for (const [i, input] of inputs.entries()) {
    const key = keyOf(keysets.get(input.id), input.amount)
    const expected = compress(multiply(Buffer.from(ys[i] ?? '', 'hex'), key.scalar)).toString('hex')
    if (expected !== input.C.toLowerCase())
      throw new MintError(CODES.badProof, 'An input could not be verified')
    checkLock(input)
  }
  const units = new Set(inputs.map((input) => keysets.get(input.id).unit))
  if (units.size > 1) throw new MintError(CODES.mixedUnits, 'The inputs are of several units')
}

/** NUT-11 with SIG_INPUTS. A secret that is no NUT-10 secret is nobody's lock. */
function checkLock(input: Input): void {
  if (!input.secret.startsWith('[')) return
  if (kindOf(input.secret) !== 'P2PK') return
  if (input.secret.includes('SIG_ALL')) throw new MintError(CODES.witness, 'SIG_ALL is not supported here')
  if (!isSigned(input))
    throw new MintError(CODES.witness, 'The signature of a locked input is missing or wrong')
}

function kindOf(secret: string): string | undefined {
  try {
    return getSecretKind(secret)
  } catch {
    return undefined
  }
}

function isSigned({ witness, ...input }: Input): boolean {
  try {
    return isP2PKSpendAuthorised({
      ...input,
      amount: Amount.from(input.amount),
      ...(typeof witness === 'string' && { witness }),
    })
  } catch {
    return false
  }
}

interface OutputRules {
  readonly keysets: Keysets
  readonly isSigned: (blinded: string) => boolean
  readonly unit: string
}

/** @throws MintError 11008, 12001, 12002, 11010, 10001, 11003 */
export function checkOutputs(outputs: readonly Output[], rules: OutputRules): void {
  if (new Set(outputs.map((output) => output.blinded)).size !== outputs.length)
    throw new MintError(CODES.duplicateOutputs, 'An output is there twice')
  for (const output of outputs) checkOutput(output, rules)
}

function checkOutput(output: Output, { keysets, isSigned: signedBefore, unit }: OutputRules): void {
  const keyset = keysets.get(output.id)
  if (!keyset.active) throw new MintError(CODES.keysetInactive, `Keyset ${keyset.id} is not active`)
  if (keyset.unit !== unit) throw new MintError(CODES.otherUnit, 'Inputs and outputs are of different units')
  keyOf(keyset, output.amount)
  if (!isCurvePoint(output.blinded))
    throw new MintError(CODES.badProof, 'An output is not a point of the curve')
  if (signedBefore(output.blinded))
    throw new MintError(CODES.outputsSigned, 'An output has been signed before')
}

/** NUT-02: the fees of all inputs, rounded up once. */
export function feeOf(keysets: Keysets, inputs: readonly Input[]): number {
  return Math.ceil(inputs.reduce((sum, input) => sum + keysets.get(input.id).feePpk, 0) / 1000)
}

export function sumOf(items: readonly { amount: number }[]): number {
  return items.reduce((sum, item) => sum + item.amount, 0)
}
