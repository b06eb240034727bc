import type { Server } from 'node:http'
import { type AdminRooms, ControlFile, runCommand } from './admin/index.ts'
import { type DoorFigures, type Metrics, openMetrics, privateApp, privateServer } from './http/index.ts'
import { listenOn } from './listen-on.ts'
import type { AppRooms } from './open-rooms.ts'

interface Parts {
  readonly rooms: AppRooms
  readonly dataDir: string
  readonly figures: DoorFigures
  readonly node: AdminRooms['node']
}

/** The operator's door of a running node: health, metrics and commands. `control.json` says where it is. */
export class PrivateDoor {
  readonly address: string
  readonly #server: Server
  readonly #metrics: Metrics
  readonly #control: ControlFile

  private constructor(parts: { address: string; server: Server; metrics: Metrics; control: ControlFile }) {
    this.address = parts.address
    this.#server = parts.server
    this.#metrics = parts.metrics
    this.#control = parts.control
  }

  /** @throws DomainError `address_in_use`, `listen_invalid` */
  static async open(parts: Parts, at: { host: string; port: number }): Promise<PrivateDoor> {
    const { rooms, dataDir, figures } = parts
    const control = new ControlFile(dataDir)
    const metrics = openMetrics({ rooms, tally: rooms.tally, door: figures })
    const commands = adminRooms(parts)
    const admin = {
      token: control.token,
      run: (name: string, body: unknown) => runCommand(commands, name, body),
    }
    const server = privateServer(privateApp({ rooms, metrics, admin }))
    try {
      const address = await listenOn(server, { ...at, setting: 'FAREBOX_ADMIN_LISTEN' })
      control.write(address)
      return new PrivateDoor({ address, server, metrics, control })
    } catch (error) {
      metrics.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#control.remove()
    this.#metrics.close()
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function adminRooms({ rooms, dataDir, node }: Parts): AdminRooms {
  const { storage, secrets, clock, settings, upstreams, catalog, priceLists, freshPrices, rate, cashu } =
    rooms
  return {
    dataDir,
    storage,
    secrets,
    clock,
    settings,
    upstreams,
    catalog,
    priceLists,
    freshPrices,
    rate,
    node,
    mints: { accepted: () => cashu.mints(), all: () => cashu.mintHealth().map(({ mint }) => mint) },
  }
}
