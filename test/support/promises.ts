/** A test that would fail if a promise were false: its file, and its title as it is written there. */
interface Proof {
  readonly file: string
  readonly test: string
}

interface Promised {
  readonly promise: number
  readonly says: string
  readonly proofs: readonly Proof[]
  /** What `.ci/run` runs for it beside the tests. */
  readonly command?: string
}

/** The promises of Farebox, each with the tests that hold it to its word. */
export const PROMISES: readonly Promised[] = [
  {
    promise: 1,
    says: 'No money is lost: the books balance at every commit, whatever stops or fails.',
    proofs: [
      {
        file: 'test/faults/cashu-kill.test.ts',
        test: '%s: after a restart every ecash is credited once and the books balance',
      },
      { file: 'test/faults/call-kill.test.ts', test: 'at $failpoint, paid by $payer (stream: $isStream)' },
      { file: 'test/faults/call-kill-money.test.ts', test: '$name, at send.$step ($trouble)' },
      {
        file: 'test/faults/cashu-faults.test.ts',
        test: 'sixty ecash through a mint that fails a third of all requests: each is credited once, or was stolen',
      },
      { file: 'src/storage/storage.test.ts', test: 'every connection has synchronous = FULL' },
      {
        file: 'test/real-mint/fifty-calls.test.ts',
        test: 'the books hold to the msat, and the mint agrees about every proof',
      },
      {
        file: 'test/properties/ledger.property.test.ts',
        test: 'does what a simple model does under any interleaving, and its books always add up',
      },
      {
        file: 'test/flows/wallet-payout.test.ts',
        test: 'refunds, top-ups and calls at once conserve every sat',
      },
      {
        file: 'test/flows/demo.test.ts',
        test: 'prints a receipt whose books balance, ends with 0 and leaves nothing behind',
      },
    ],
  },
  {
    promise: 2,
    says: 'Ecash is credited exactly once, whatever its encoding, however often and from wherever it is presented.',
    proofs: [
      {
        file: 'src/cashu/cashu.test.ts',
        test: 'fifty at once, in both encodings, are one credit and one swap',
      },
      {
        file: 'test/contracts/schemes.test.ts',
        test: 'many at once with one credential are one account, funded once',
      },
      { file: 'test/flows/one-shot.test.ts', test: 'the same ecash in another encoding is the same payment' },
      { file: 'test/faults/call-kill-money.test.ts', test: 'as a key, at receive.%s (%s)' },
      {
        file: 'test/real-mint/killed-mint.test.ts',
        test: '%s: the caller is told to come back, and is credited once',
      },
      { file: 'test/flows/parallel.test.ts', test: '50 calls: one wallet, credited once' },
      {
        file: 'test/flows/parallel.test.ts',
        test: 'as a key, a payment, a top-up and a wallet at once it becomes one of them',
      },
    ],
  },
  {
    promise: 3,
    says: 'A call never costs more than was set aside for it, nor more than the price shown when it began.',
    proofs: [
      { file: 'src/ledger/ledger.test.ts', test: 'fifty holds at once never exceed the balance' },
      {
        file: 'src/catalog/quote.test.ts',
        test: 'no reading, cut to its bounds, costs more than the ceiling',
      },
      { file: 'src/catalog/cost.test.ts', test: '%s/%s at %s' },
      { file: 'test/flows/same-cost.test.ts', test: '$shop/$model, whole and streamed' },
      { file: 'test/flows/misbehaving-upstream.test.ts', test: '%s, whole' },
      {
        file: 'test/flows/misbehaving-failover.test.ts',
        test: 'after %s (%s): one answer, charged once at the price that was shown',
      },
      {
        file: 'test/flows/parallel.test.ts',
        test: 'that is funded for ten ceilings: without a clamp exactly ten are served',
      },
      {
        file: 'test/flows/parallel.test.ts',
        test: 'clamped: the holds never come to more than the balance, and no call costs more than its own',
      },
    ],
  },
  {
    promise: 4,
    says: 'What was not delivered is not charged; a cut stream costs what was delivered.',
    proofs: [
      { file: 'test/flows/misbehaving-upstream.test.ts', test: '%s, streamed' },
      {
        file: 'test/flows/sdk-retries.test.ts',
        test: 'a stream with %s: half an answer, an error, and half a charge',
      },
      {
        file: 'test/flows/streams-hang-up.test.ts',
        test: 'in its middle: the upstream is hung up on, what was said so far is owed (%s)',
      },
      { file: 'test/flows/misbehaving-failover.test.ts', test: 'when both fail the call costs nothing' },
      {
        file: 'test/faults/call-recovery.test.ts',
        test: 'a stream cut by a crash costs what the last heartbeat saved, as an estimate',
      },
      {
        file: 'test/faults/call-returns.test.ts',
        test: 'and again while it gives the charge back, gives it back once',
      },
    ],
  },
  {
    promise: 5,
    says: 'Change is never lost: it is stored before it is sent and can be fetched again with the ecash that paid.',
    proofs: [
      {
        file: 'test/flows/one-shot.test.ts',
        test: 'running: 425 on a paid call and at the refund route; resolved: 400 and the same change every time',
      },
      { file: 'test/flows/one-shot.test.ts', test: 'at the next start all of it is at the refund route' },
      {
        file: 'test/faults/call-kill-money.test.ts',
        test: 'for one call, at receive.%s (%s): the retry joins it, and is the call',
      },
      {
        file: 'test/real-mint/fifty-calls.test.ts',
        test: 'change, withdrawn and refunded ecash is redeemed at the mint by cashu-ts',
      },
      {
        file: 'test/flows/restart.test.ts',
        test: 'finds keys, aliases, balances and change as they were, and commits durably on every connection',
      },
    ],
  },
  {
    promise: 6,
    says: 'Unknown is not failed: while the truth is not known the answer is 503 with Retry-After.',
    proofs: [
      {
        file: 'test/flows/bad-input-ecash.test.ts',
        test: '%s: 503, and the same ecash is credited once when it is back',
      },
      {
        file: 'test/flows/one-shot.test.ts',
        test: 'in doubt: 503; a retry joins its receive and becomes the call',
      },
      {
        file: 'test/faults/cashu-faults.test.ts',
        test: 'coins that are pending at the mint are waited for, not refused',
      },
    ],
  },
  {
    promise: 7,
    says: 'A retry is free: the same ecash and the same Idempotency-Key never pay twice.',
    proofs: [
      {
        file: 'test/flows/idempotency.test.ts',
        test: 'the same request is answered the same and charged once',
      },
      {
        file: 'test/flows/idempotency.test.ts',
        test: 'a one-shot that was resolved gives the same answer with the same change',
      },
      {
        file: 'test/flows/twins.test.ts',
        test: 'joins the call that still runs: one upstream call, one charge, one answer',
      },
      { file: 'test/flows/sdk-retries.test.ts', test: 'a mix of faults: as many charges as answers' },
      {
        file: 'test/flows/wallet-payout.test.ts',
        test: 'with an Idempotency-Key is paid once, and another wish under that key is refused',
      },
    ],
  },
  {
    promise: 8,
    says: 'The last byte leaves after the money is settled.',
    proofs: [
      {
        file: 'test/flows/streams-live.test.ts',
        test: 'ends after the money is settled: the balance is final at its last byte',
      },
      {
        file: 'test/contracts/dialects.test.ts',
        test: 'a reply counts the same however it is cut, and its end waits for the settlement',
      },
    ],
  },
  {
    promise: 9,
    says: 'Nobody is named: no prompt, answer, credential or client header is stored in the clear, logged or passed on.',
    proofs: [
      { file: 'src/cashu/cashu.test.ts', test: 'nothing that is money stands in the database in the clear' },
      {
        file: 'test/flows/idempotency.test.ts',
        test: 'kept answers are sealed: the data directory holds neither question nor answer',
      },
      {
        file: 'src/upstreams/upstreams.test.ts',
        test: 'reaches the path below the base address with our own headers only',
      },
      {
        file: 'test/contracts/providers.test.ts',
        test: 'shows its key in one header, nowhere else, and brings the reply as it came',
      },
      {
        file: 'test/flows/canary.test.ts',
        test: 'prompt, answer, ecash, keys, address and headers are in no file, no log and no upstream request',
      },
    ],
  },
  {
    promise: 10,
    says: 'Any SDK works unchanged. So far: OpenAI’s, and the requests of the clients of the Routstr network.',
    proofs: [
      {
        file: 'test/flows/first-call.test.ts',
        test: 'ecash as key: whole, then streamed, then by the sk- key',
      },
      { file: 'test/flows/sdk-retries.test.ts', test: 'the change is where the SDK shows it' },
      {
        file: 'test/real-mint/fifty-calls.test.ts',
        test: '50 calls by ecash as key, sk- key and X-Cashu are paid to the msat',
      },
      {
        file: 'test/flows/wallet.test.ts',
        test: 'info is in msat with the fields that clients read, under every prefix, with and without slash',
      },
    ],
  },
  {
    promise: 11,
    says: 'It is fast: billing is hard to see beside the bare proxy.',
    proofs: [
      { file: 'test/flows/streams-live.test.ts', test: 'leaves piece by piece, as the upstream sends it' },
      {
        file: 'test/flows/streams-live.test.ts',
        test: 'slows the upstream down: what he has not read is not kept in the node',
      },
    ],
    command: 'npm run --silent bench -- --quick',
  },
  {
    promise: 12,
    says: 'It tells the truth: every error has one shape, a stable code, and says what happened to the money.',
    proofs: [
      { file: 'test/flows/bad-input.test.ts', test: '$name' },
      { file: 'test/flows/bad-input.test.ts', test: 'what is no HTTP is answered in the same shape' },
      {
        file: 'test/flows/bad-input.test.ts',
        test: 'after all of it the ecash is unspent, the balance is as it was, and nothing went up',
      },
      {
        file: 'test/contracts/dialects.test.ts',
        test: 'an error keeps its code, message and request id, whole and inside a stream',
      },
      {
        file: 'test/flows/one-shot-challenge.test.ts',
        test: 'on a priced route is 402 with a payment request that a wallet can pay exactly',
      },
    ],
  },
]

/** A title as it is written, as a pattern of the titles that a run reports: `%s` and `$name` stand for anything. */
export function titlePattern(title: string): RegExp {
  const parts = title.split(/%[sdifjoO#%]|\$[\w.]+/)
  const quoted = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${quoted.join('[^]+')}$`)
}
