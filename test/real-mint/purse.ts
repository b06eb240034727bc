import { setTimeout as sleep } from 'node:timers/promises'
import { getEncodedToken, Wallet } from '@cashu/cashu-ts'

/** A caller's own wallet at a real mint, by cashu-ts; keeps count of what it paid in and got back. */
export class Purse {
  readonly #wallet: Wallet
  readonly #mint: string

  private constructor(wallet: Wallet, mint: string) {
    this.#wallet = wallet
    this.#mint = mint
  }

  static async open(mint: string): Promise<Purse> {
    const wallet = new Wallet(mint, { unit: 'sat' })
    await wallet.loadMint()
    return new Purse(wallet, mint)
  }

  /** New ecash; the FakeWallet pays the invoice itself. */
  async mint(sats: number): Promise<{ ecash: string; proofs: number }> {
    const { quote } = await this.#wallet.createMintQuoteBolt11(sats)
    for (let tries = 0; tries < 100; tries += 1) {
      const { state } = await this.#wallet.checkMintQuoteBolt11(quote)
      if (state === 'PAID') break
      await sleep(50)
    }
    const proofs = await this.#wallet.mintProofsBolt11(sats, quote)
    return { ecash: getEncodedToken({ mint: this.#mint, proofs, unit: 'sat' }), proofs: proofs.length }
  }

  /** Redeems ecash at the mint. Gives its face value, and what was left of it after the mint's fee, in sats. */
  async redeem(ecash: string): Promise<{ faceSat: number; netSat: number }> {
    const { proofs } = this.#wallet.decodeToken(ecash)
    const faceSat = proofs.reduce((sum, { amount }) => sum + Number(amount), 0)
    const fresh = await this.#wallet.receive(ecash)
    return { faceSat, netSat: fresh.reduce((sum, { amount }) => sum + Number(amount), 0) }
  }

  /** Coins in an ecash, and their face value in sats. */
  look(ecash: string): { faceSat: number; proofs: number } {
    const { proofs } = this.#wallet.decodeToken(ecash)
    return {
      faceSat: proofs.reduce((sum, { amount }) => sum + Number(amount), 0),
      proofs: proofs.length,
    }
  }
}
