import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Router } from 'express'
import { createNode } from '../../src/index.ts'

export interface Route {
  readonly method: string
  /** As OpenAPI writes paths: `/v1/models/{id}`. */
  readonly path: string
}

type Layer = Router['stack'][number]

/** Every route of the public app, read from the router of a real node. */
export async function publicRoutes(): Promise<Route[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-routes-'))
  const node = await createNode({ dataDir, mints: [] })
  try {
    return walk(node.express.router.stack)
  } finally {
    await node.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function walk(stack: readonly Layer[]): Route[] {
  return stack.flatMap(({ route, handle }) => {
    if (!route) return isRouter(handle) ? walk(handle.stack) : []
    const path = route.path.replaceAll(/[*:](\w+)/g, '{$1}')
    const methods = new Set(route.stack.map(({ method }) => method))
    return [...methods].map((method) => ({ method, path }))
  })
}

function isRouter(handle: object): handle is Router {
  return 'stack' in handle && Array.isArray(handle.stack)
}

/** The one path of several that answer the same: `/balance/info` and `/v1/balance/info` are `/v1/wallet/info`. */
export function canonicalPath(path: string): string {
  const versioned = /^\/(?:wallet|balance|models|info|chat|embeddings)(?=\/|$)/.test(path)
    ? `/v1${path}`
    : path
  return versioned.replace(/^\/v1\/balance(?=\/|$)/, '/v1/wallet')
}
