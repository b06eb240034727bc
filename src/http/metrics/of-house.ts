import { type Metric, single } from './metric.ts'

const HELD = 'asset:held:'

export const houseMetrics: readonly Metric[] = [
  {
    name: 'farebox_ready',
    type: 'gauge',
    help: 'Whether the node can sell (1) or not (0); /readyz has the reasons.',
    labels: [],
    read: ({ rooms }) => single(rooms.reasonsNotReady().length === 0 ? 1 : 0),
  },
  {
    name: 'farebox_holds_open',
    type: 'gauge',
    help: 'Holds in the books that are neither settled nor void. At most half a minute old, as is everything from the books.',
    labels: [],
    read: async ({ position }) => single((await position.get()).openHolds),
  },
  {
    name: 'farebox_holds_open_msat',
    type: 'gauge',
    help: 'What open holds have set aside.',
    labels: [],
    read: async ({ position }) => single(Number((await position.get()).reserved)),
  },
  {
    name: 'farebox_liabilities_msat',
    type: 'gauge',
    help: 'What the node owes to wallets and for payments under way. It has to be covered by what it holds.',
    labels: [],
    read: async ({ position }) => single(Number((await position.get()).owed)),
  },
  {
    name: 'farebox_holdings_msat',
    type: 'gauge',
    help: 'Ecash that the node holds at a mint.',
    labels: ['mint'],
    read: async ({ position }) =>
      (await position.get()).assets
        .filter(({ code }) => code.startsWith(HELD))
        .map(({ code, amount }) => ({ labels: { mint: code.slice(HELD.length) }, value: Number(amount) })),
  },
  {
    name: 'farebox_mint_up',
    type: 'gauge',
    help: 'Whether a mint answered (1) when it was last asked. A mint that was not asked yet is left out.',
    labels: ['mint'],
    read: ({ rooms }) =>
      rooms.cashu
        .mintHealth()
        .flatMap(({ mint, isAnswering }) =>
          isAnswering === undefined ? [] : [{ labels: { mint }, value: isAnswering ? 1 : 0 }],
        ),
  },
  {
    name: 'farebox_upstream_up',
    type: 'gauge',
    help: 'Whether an upstream that is enabled does its part (1), or was paused or kept its model list back when it was last asked (0). One that was not asked yet is left out.',
    labels: ['upstream'],
    read: ({ rooms }) =>
      rooms.upstreams
        .states()
        .filter(({ isEnabled, checkedAt }) => isEnabled && checkedAt !== undefined)
        .map(({ config, lastError }) => ({
          labels: { upstream: config.id },
          value: lastError === undefined ? 1 : 0,
        })),
  },
  {
    name: 'farebox_upstream_paused',
    type: 'gauge',
    help: 'Whether an upstream gets no calls for a while because it kept failing (1).',
    labels: ['upstream'],
    read: ({ rooms }) =>
      rooms.upstreams.states().map(({ config, pausedUntil }) => ({
        labels: { upstream: config.id },
        value: pausedUntil === undefined ? 0 : 1,
      })),
  },
  {
    name: 'farebox_upstream_models',
    type: 'gauge',
    help: 'Models in the last good list of an upstream.',
    labels: ['upstream'],
    read: ({ rooms }) =>
      rooms.upstreams
        .states()
        .map(({ config, models }) => ({ labels: { upstream: config.id }, value: models.length })),
  },
  {
    name: 'farebox_models_offered',
    type: 'gauge',
    help: 'Models that the node sells now.',
    labels: [],
    read: ({ rooms }) => single(offered(() => rooms.catalog.list().length)),
  },
  {
    name: 'farebox_commits_total',
    type: 'counter',
    help: 'Commits of the database; each was one fsync.',
    labels: [],
    read: ({ rooms }) => single(rooms.storage.commits().commits),
  },
  {
    name: 'farebox_commit_works_total',
    type: 'counter',
    help: 'Pieces of work that shared those commits.',
    labels: [],
    read: ({ rooms }) => single(rooms.storage.commits().works),
  },
  {
    name: 'farebox_commit_queue',
    type: 'gauge',
    help: 'Pieces of work that wait for a commit now.',
    labels: [],
    read: ({ rooms }) => single(rooms.storage.commits().waiting),
  },
  {
    name: 'farebox_connections_open',
    type: 'gauge',
    help: 'Open connections of the public listener.',
    labels: [],
    read: async ({ door }) => single(await door.open()),
  },
  {
    name: 'farebox_connections_dropped_total',
    type: 'counter',
    help: 'Connections that were closed unread because there were too many.',
    labels: [],
    read: ({ door }) => single(door.dropped),
  },
  {
    name: 'farebox_http_rejected_total',
    type: 'counter',
    help: 'Requests that were refused before they were read: headers too large, too slow, or no HTTP.',
    labels: ['code'],
    read: ({ door }) => [...door.rejected].map(([code, value]) => ({ labels: { code }, value })),
  },
]

/** Without a price of bitcoin nothing is for sale. */
function offered(count: () => number): number {
  try {
    return count()
  } catch {
    return 0
  }
}
