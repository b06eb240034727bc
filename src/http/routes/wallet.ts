import { type Request, type Response, Router } from 'express'
import { readEcash } from '../../cashu/index.ts'
import { DomainError } from '../../lib/index.ts'
import { floorSat } from '../../money/index.ts'
import type { NodeRooms } from '../node.ts'
import { sendProblem } from '../send-problem.ts'
import { callIdOf } from '../visit.ts'
import { claimChange } from './claim.ts'
import { requireCredential, requireWallet } from './wallet-caller.ts'
import { readEcashInput, readWish } from './wallet-input.ts'

const PREFIXES = ['/v1/wallet', '/v1/balance', '/wallet', '/balance']

type Handler = (rooms: NodeRooms, request: Request) => Promise<Record<string, unknown>>

/** Wallets by HTTP, in the shapes of `reference/routstr.md` and of the network's clients. */
export function walletRoutes(rooms: NodeRooms, prefixes: readonly string[] = PREFIXES): Router {
  const router = Router()
  for (const prefix of prefixes) {
    const on = (method: 'get' | 'post', path: string, handler: Handler): void => {
      router[method](`${prefix}${path}`, (request, response) => answer(rooms, { request, response, handler }))
    }
    on('get', '', info)
    on('get', '/info', info)
    on('get', '/balance', balance)
    on('post', '/create', create)
    on('get', '/create', create)
    on('post', '/topup', topup)
    on('post', '/withdraw', withdraw)
    router.post(`${prefix}/refund`, (request, response) => refundOrClaim(rooms, request, response))
  }
  return router
}

async function answer(
  rooms: NodeRooms,
  { request, response, handler }: { request: Request; response: Response; handler: Handler },
): Promise<void> {
  try {
    const body = await handler(rooms, request)
    response.setHeader('cache-control', 'no-store')
    response.json(body)
  } catch (error) {
    sendProblem(error, { request, response })
  }
}

async function refundOrClaim(rooms: NodeRooms, request: Request, response: Response): Promise<void> {
  const xCashu = request.headers['x-cashu']
  if (typeof xCashu !== 'string' || xCashu === '')
    return answer(rooms, { request, response, handler: refund })
  try {
    response.setHeader('cache-control', 'no-store')
    const claim = await claimChange(rooms, xCashu)
    response.setHeader('x-routstr-cost-msats', String(claim.charge))
    response.setHeader('x-cashu', claim.ecash)
    response.json({
      token: claim.ecash,
      sats: String(claim.sats),
      unit: 'sat',
      request_id: callIdOf(request),
    })
  } catch (error) {
    // Clients settle a payment that has no change with the cost they read here (`routstr-clients` §2.8).
    const charged = error instanceof DomainError ? error.details?.['charged_msat'] : undefined
    if (typeof charged === 'number') response.setHeader('x-routstr-cost-msats', String(charged))
    sendProblem(error, { request, response })
  }
}

/** In msat, as the network's clients read it. */
async function info(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  const { wallet, byRawEcash } = await requireWallet(rooms, request)
  const { balance: held, key, mints, totals } = await rooms.wallets.info(wallet, { byRawEcash })
  return {
    ...(key !== undefined && { api_key: key }),
    balance: Number(held.available),
    reserved: Number(held.reserved),
    balance_msat: Number(held.available),
    reserved_msat: Number(held.reserved),
    is_child: false,
    total_requests: totals.requests,
    total_spent: Number(totals.spent),
    balance_limit: null,
    balance_limit_reset: null,
    validity_date: null,
    mints: mints.map(({ mint, leftSat }) => ({ mint, withdrawable_sat: leftSat })),
  }
}

/** In whole sats, with the msat beside them. */
async function balance(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  const { wallet, byRawEcash } = await requireWallet(rooms, request)
  const { balance: held } = await rooms.wallets.info(wallet, { byRawEcash })
  return {
    balance: floorSat(held.available),
    currency: 'sat',
    reserved: floorSat(held.reserved),
    balance_msat: Number(held.available),
    reserved_msat: Number(held.reserved),
  }
}

async function create(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  const input = await readEcashInput(request)
  const ecash = readEcash(input.ecash)
  const { wallet, isNew } = await rooms.wallets.create(ecash, { adminKey: input.adminKey })
  const { balance: held, key } = await rooms.wallets.info(wallet, { byRawEcash: true })
  if (input.isNetworkShape)
    return { ...(key !== undefined && { api_key: key }), balance: Number(held.available) }
  return {
    ...(key !== undefined && { api_key: key }),
    ...(isNew && { admin_key: input.adminKey ?? rooms.wallets.adminKeyOf(wallet) }),
    balance: floorSat(held.available),
    balance_msat: Number(held.available),
    mint: ecash.mint,
    unit: 'sat',
  }
}

async function topup(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  requireCredential(request)
  const ecash = readEcash((await readEcashInput(request)).ecash)
  const { wallet, byRawEcash } = await requireWallet(rooms, request)
  const added = await rooms.wallets.topup(wallet, ecash)
  const { balance: held } = await rooms.wallets.info(wallet, { byRawEcash })
  return {
    msats: added * 1000,
    balance: floorSat(held.available),
    balance_msat: Number(held.available),
    amount_added: added,
    currency: 'sat',
  }
}

async function withdraw(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  requireCredential(request)
  const wish = await readWish(request)
  const { wallet, byRawEcash } = await requireWallet(rooms, request)
  await rooms.wallets.requireFullRights(wallet, { byRawEcash })
  const payout = await rooms.payouts.withdraw(wallet, wish)
  return { cashu_token: payout.ecash, amount: payout.amountSat, mint: payout.mint, unit: 'sat' }
}

async function refund(rooms: NodeRooms, request: Request): Promise<Record<string, unknown>> {
  const { wallet, byRawEcash } = await requireWallet(rooms, request)
  await rooms.wallets.requireFullRights(wallet, { byRawEcash })
  const payout = await rooms.payouts.refund(wallet)
  return { token: payout.ecash, sats: String(payout.amountSat), mint: payout.mint, unit: 'sat' }
}
