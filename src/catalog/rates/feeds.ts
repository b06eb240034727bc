import { type Feed, reading, valueAt } from './feed.ts'

/**
 * Seven feeds of seven owners, none of which needs a key. One owner has one feed, or his error would count twice. Binance
 * is not among them: it quotes another currency (USDT) and refuses some countries.
 */
export const FEEDS: readonly Feed[] = [
  {
    name: 'kraken',
    url: 'https://api.kraken.com/0/public/Ticker?pair=XBTUSD',
    read: (json) => reading(valueAt(json, 'result', 'XXBTZUSD', 'c', 0)),
  },
  {
    name: 'coinbase',
    url: 'https://api.exchange.coinbase.com/products/BTC-USD/ticker',
    read: (json) => reading(valueAt(json, 'price'), Date.parse(String(valueAt(json, 'time')))),
  },
  {
    name: 'bitstamp',
    url: 'https://www.bitstamp.net/api/v2/ticker/btcusd/',
    read: (json) => reading(valueAt(json, 'last'), Number(valueAt(json, 'timestamp')) * 1000),
  },
  {
    name: 'bitfinex',
    url: 'https://api-pub.bitfinex.com/v2/ticker/tBTCUSD',
    read: (json) => reading(valueAt(json, 6)),
  },
  {
    name: 'gemini',
    url: 'https://api.gemini.com/v1/pubticker/btcusd',
    read: (json) => reading(valueAt(json, 'last')),
  },
  {
    name: 'blockchain.com',
    url: 'https://blockchain.info/ticker',
    read: (json) => reading(valueAt(json, 'USD', 'last')),
  },
  {
    name: 'mempool.space',
    url: 'https://mempool.space/api/v1/prices',
    read: (json) => reading(valueAt(json, 'USD'), Number(valueAt(json, 'time')) * 1000),
  },
]
