import { modelEntry, type Offer } from '../../catalog/index.ts'
import type { Profile } from '../node.ts'

/** What the page shows. Everything but `baseUrl` is shown as it is, whoever wrote it. */
export interface HomePage {
  readonly profile: Profile
  /** Where callers reach the node; may come from the request, so it is only shown when it looks like an address. */
  readonly baseUrl: string
  readonly mints: readonly string[]
  readonly offers: readonly Offer[]
  /** What keeps the node from selling; empty when it is ready. */
  readonly reasons: readonly string[]
}

const PLAIN_URL = /^https?:\/\/[\w.:[\]-]+(\/[\w./~-]*)?$/
const FALLBACK_URL = 'http://127.0.0.1:8080'

/** The front page for a person: one HTML document without scripts, links to elsewhere or files of its own. */
export function homePage(page: HomePage): string {
  const { profile, reasons } = page
  // A link keeps the host that the reader came by.
  const path = URL.parse(shownUrl(page))?.pathname.replace(/\/+$/, '') ?? ''
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${profile.name}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p class="state ${reasons.length === 0 ? 'open' : 'closed'}">
              ${reasons.length === 0 ? 'Open' : 'Not open yet'}
            </p>
            <h1>${profile.name}</h1>
            <p class="lead">${profile.description}</p>
          </header>
          ${notReady(reasons)} ${howToCall(page)} ${models(page, path)} ${mints(page.mints)}
          ${moneyBack(page)}
          <footer>
            <p>Farebox ${profile.version} · no account, no e-mail, no card</p>
            <p>
              For programs: <a href="${path}/v1/models">models</a> · <a href="${path}/v1/info">info</a> ·
              <a href="${path}/readyz">readiness</a>
            </p>
          </footer>
        </main>
      </body>
    </html> `.text
}

function notReady(reasons: readonly string[]): Markup {
  if (reasons.length === 0) return html``
  return html`<section class="notice" aria-labelledby="not-ready">
    <h2 id="not-ready">What is missing</h2>
    <ul>
      ${reasons.map((reason) => html`<li>${reason}</li>`)}
    </ul>
  </section>`
}

function shownUrl({ baseUrl }: HomePage): string {
  return PLAIN_URL.test(baseUrl) ? baseUrl.replace(/\/+$/, '') : FALLBACK_URL
}

function howToCall(page: HomePage): Markup {
  const { offers } = page
  const base = shownUrl(page)
  const offer = offers.find(({ routes: [{ terms }] }) => terms.prices.output !== undefined)
  const body = JSON.stringify({
    model: offer?.model ?? 'MODEL',
    messages: [{ role: 'user', content: 'Hello' }],
  })
  const call = (options: string, header: string): string =>
    [
      `curl ${options}${base}/v1/chat/completions`,
      `  -H '${header}'`,
      `  -H 'Content-Type: application/json'`,
      `  -d ${shellQuoted(body)}`,
    ].join(' \\\n')
  return html`<section aria-labelledby="call">
    <h2 id="call">Call it</h2>
    <p>
      Use any OpenAI SDK: set the base URL to <code>${base}/v1</code> and put ecash where the API key goes.
      What a call does not use stays on the balance that this ecash opened.
    </p>
    <pre tabindex="0"><code>${call('', 'Authorization: Bearer cashuB…')}</code></pre>
    <p>Or pay for one call and get the change back in the <code>X-Cashu</code> header of the reply:</p>
    <pre tabindex="0"><code>${call('-i ', 'X-Cashu: cashuB…')}</code></pre>
    <p class="small">
      One click selects a whole command. Put your own ecash in the place of <code>cashuB…</code>.
    </p>
  </section>`
}

function models({ offers }: HomePage, path: string): Markup {
  if (offers.length === 0) return html``
  return html`<section aria-labelledby="models">
    <h2 id="models">Models</h2>
    <table>
      <caption>
        Satoshis for a million tokens, rounded up. Exact prices are at
        <a href="${path}/v1/models">/v1/models</a
        >.
      </caption>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">In</th>
          <th scope="col">Out</th>
          <th scope="col">Context</th>
        </tr>
      </thead>
      <tbody>
        ${offers.map(modelRow)}
      </tbody>
    </table>
  </section>`
}

function modelRow(offer: Offer): Markup {
  const { id, name, sats_pricing: price, context_length: context } = modelEntry(offer)
  const answers = offer.routes[0].terms.prices.output !== undefined
  return html`<tr>
    <th scope="row"><code>${id}</code>${name === id ? '' : html`<span>${name}</span>`}</th>
    <td>${perMillion(price.prompt)}</td>
    <td>${answers ? perMillion(price.completion) : '–'}</td>
    <td>${compact(context)}</td>
  </tr>`
}

function mints(urls: readonly string[]): Markup {
  if (urls.length === 0) return html``
  return html`<section aria-labelledby="mints">
    <h2 id="mints">Mints</h2>
    <p>Ecash in sat of ${urls.length === 1 ? 'this mint' : 'any of these mints'} is taken:</p>
    <ul class="plain">
      ${urls.map((url) => html`<li><code>${url}</code></li>`)}
    </ul>
  </section>`
}

function moneyBack({ mints: urls }: HomePage): Markup {
  if (urls.length === 0) return html``
  return html`<section aria-labelledby="back">
    <h2 id="back">Get your money back</h2>
    <dl>
      <dt>Change of one call</dt>
      <dd>
        It is the <code>X-Cashu</code> header of the reply. Lost it? <code>POST /v1/wallet/refund</code> with
        the <code>X-Cashu</code> that paid gives the same change again.
      </dd>
      <dt>All of a balance</dt>
      <dd>
        <code>POST /v1/wallet/refund</code> with your key gives it as ecash, one mint a call; call again until
        nothing is left.
      </dd>
      <dt>A part of it</dt>
      <dd><code>POST /v1/wallet/withdraw</code> with <code>{"amount": 100}</code>, in sat.</dd>
      <dt>How much is there?</dt>
      <dd><code>GET /v1/wallet/balance</code> with your key, or with the ecash that opened it.</dd>
    </dl>
  </section>`
}

const wholeSats = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4, roundingMode: 'ceil' })
const compactNumber = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 })

function perMillion(satPerToken: number): string {
  // The product of two floats may stand a hair above its decimal, which rounding up would show as one more.
  return wholeSats.format(Number((satPerToken * 1e6).toPrecision(12)))
}

function compact(tokens: number): string {
  return compactNumber.format(tokens)
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Text that is HTML already. Only `html` makes it, and the page's own style. */
class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A template whose values are escaped, unless they are `Markup`. */
function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup {
  const written = values.map((value) => {
    if (typeof value === 'string') return escaped(value)
    return value instanceof Markup ? value.text : value.map(({ text }) => text).join('')
  })
  return new Markup(parts.map((part, index) => part + (written[index] ?? '')).join(''))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

const STYLE = `
:root {
  --paper: #fbf9f5; --card: #fff; --ink: #1f1c17; --soft: #655f55; --line: #e6e0d5; --accent: #8a4b08; --well: #f3eee4;
  --good: #1d6b3a; --bad: #a32d1b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15130f; --card: #1d1a15; --ink: #ece7dd; --soft: #a9a193; --line: #342f27; --accent: #f0a94b; --well: #27231c;
    --good: #74cf95; --bad: #ff9684;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 50rem; margin: 0 auto; padding: clamp(1.5rem, 6vw, 4rem) clamp(1rem, 4vw, 2rem) 2rem; }
h1 { margin: .4rem 0 0; font-size: clamp(1.9rem, 6vw, 2.8rem); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1.2rem; }
p { margin: .5rem 0; }
a { color: var(--accent); }
.lead { color: var(--soft); font-size: 1.15rem; overflow-wrap: anywhere; }
.small, caption, footer { color: var(--soft); font-size: .875rem; }
.state { margin: 0; font-size: .875rem; font-weight: 600; }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .5em; border-radius: 50%; background: currentColor; }
.open { color: var(--good); }
.closed { color: var(--bad); }
section { margin-top: 1.5rem; padding: clamp(1rem, 4vw, 1.5rem); background: var(--card); border: 1px solid var(--line); border-radius: .9rem; }
.notice { border-color: var(--bad); }
section > :last-child { margin-bottom: 0; }
ul { margin: .5rem 0 0; padding-left: 1.2rem; }
.plain { padding: 0; list-style: none; }
li { margin: .25rem 0; overflow-wrap: anywhere; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
p code, dd code, li code { padding: .1em .35em; background: var(--well); border-radius: .3em; }
pre { margin: .75rem 0; padding: .9rem 1rem; background: var(--well); border-radius: .6rem; white-space: pre-wrap; }
pre code { user-select: all; -webkit-user-select: all; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .75rem; text-align: left; }
th, td { padding: .5rem 0 .5rem .75rem; border-top: 1px solid var(--line); text-align: right; vertical-align: baseline; white-space: nowrap; }
thead th { color: var(--soft); font-size: .8rem; border-top: 0; }
th:first-child { padding-left: 0; text-align: left; font-weight: 400; white-space: normal; }
th span { display: block; color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
dl { margin: 0; }
dt { margin-top: .9rem; font-weight: 600; }
dd { margin: .15rem 0 0; }
footer { margin-top: 2rem; }
`
