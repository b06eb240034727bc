import type { Tx } from './tx.ts'

/** Asked at the end of every batch; what it gives runs in the same transaction, after all works. */
export type Rider = () => ((tx: Tx) => Promise<void>) | undefined
