import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CONFIGS = join(import.meta.dirname, '../../../docker/proxy')
const STARTING_MS = 10_000
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`

export type ProxyName = 'nginx' | 'haproxy'
export const PROXIES: readonly ProxyName[] = ['nginx', 'haproxy']

/** A real reverse proxy in front of a node, run on the configuration that the docs print. */
export interface Proxy extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`, with a certificate of its own making. */
  readonly url: string
  /** All that it has logged, requests and errors. */
  log(): string
}

interface Edits {
  /** The path that is the node's, as `/ai/`; all of them where none is given. */
  readonly path?: string
  /** Takes that path off before it asks the node. */
  readonly strips?: boolean
}

/** Fills the port of the node, one of its own and a fresh certificate into the configuration, and starts it. */
export async function startProxy(name: ProxyName, nodeUrl: string, edits: Edits = {}): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), `farebox-${name}-`))
  // nginx's workers are another user's when it is started by root.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const place = { folder, port, node: new URL(nodeUrl).host, pem: makeCertificate(folder), ...edits }
  const args = name === 'nginx' ? nginx(place) : haproxy(place)
  const logPath = join(folder, 'output.log')
  const child = await run(name, { args, logPath })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill(name === 'nginx' ? 'SIGTERM' : 'SIGUSR1')
      const late = setTimeout(() => child.kill('SIGKILL'), 2000)
      await gone
      clearTimeout(late)
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await listening(child, port)
  } catch (error) {
    const said = readFileSync(logPath, 'utf8')
    await stop()
    throw new Error(`${name} did not start: ${said}`, { cause: error })
  }
  return {
    url: `https://127.0.0.1:${port}`,
    log: () => [logPath, ...logsOf(name, folder)].map((path) => readFileSync(path, 'utf8')).join('\n'),
    [Symbol.asyncDispose]: stop,
  }
}

interface Place extends Edits {
  readonly folder: string
  readonly port: number
  readonly node: string
  readonly pem: { readonly cert: string; readonly key: string; readonly both: string }
}

function nginx({ folder, port, node, pem, path = '/', strips = false }: Place): string[] {
  const config = edited('nginx.conf', [
    ['server 127.0.0.1:8080;', `server ${node};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['/etc/ssl/certs/ai.example.pem', pem.cert],
    ['/etc/ssl/private/ai.example.key', pem.key],
    ['/var/log/nginx/error.log', join(folder, 'error.log')],
    ['/var/log/nginx/access.log', join(folder, 'access.log')],
    ['location / {', `location ${path} {`],
    ['proxy_pass http://farebox;', strips ? 'proxy_pass http://farebox/;' : 'proxy_pass http://farebox;'],
    // Where somebody who is not root may write.
    [
      'http {',
      `http {\n${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`)
        .join('\n')}`,
    ],
  ])
  const at = join(folder, 'nginx.conf')
  writeFileSync(at, config)
  return ['-c', at, '-p', folder, '-g', `daemon off; pid ${join(folder, 'pid')};`]
}

function haproxy({ folder, port, node, pem, path = '/', strips = false }: Place): string[] {
  const replacing = `  http-request replace-path ${path}(.*) /\\1\n`
  const config = edited('haproxy.cfg', [
    ['bind :443 ssl crt /etc/ssl/private/ai.example.pem', `bind 127.0.0.1:${port} ssl crt ${pem.both}`],
    ['server node 127.0.0.1:8080', `server node ${node}`],
    ['backend farebox\n  server', `backend farebox\n${strips ? replacing : ''}  server`],
  ])
  const at = join(folder, 'haproxy.cfg')
  writeFileSync(at, config)
  return ['-db', '-f', at]
}

/** The file of the docs with these texts exchanged, each of which has to stand in it once. */
function edited(file: string, edits: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(CONFIGS, file), 'utf8')
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) throw new Error(`${file} has "${from}" not once`)
    text = text.replace(from, () => to)
  }
  return text
}

function makeCertificate(folder: string): Place['pem'] {
  const [cert, key, both] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(folder, name))
  if (!cert || !key || !both) throw new Error('three names')
  const subject = ['-subj', '/CN=ai.example', '-days', '2']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
    { stdio: 'ignore' },
  )
  writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 })
  return { cert, key, both }
}

/** @throws Error where the proxy is not installed: what was not tried has not passed. */
async function run(
  name: ProxyName,
  { args, logPath }: { args: readonly string[]; logPath: string },
): Promise<ChildProcess> {
  const output = openSync(logPath, 'a')
  const child = spawn(name, args, { env: { ...process.env, PATH }, stdio: ['ignore', output, output] })
  closeSync(output)
  try {
    await once(child, 'spawn')
  } catch (cause) {
    throw new Error(`${name} is not installed. On Debian: apt-get install ${name}`, { cause })
  }
  return child
}

function logsOf(name: ProxyName, folder: string): string[] {
  return name === 'nginx' ? [join(folder, 'access.log'), join(folder, 'error.log')] : []
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const until = Date.now() + STARTING_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    if (Date.now() > until) throw new Error('nobody listens')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
