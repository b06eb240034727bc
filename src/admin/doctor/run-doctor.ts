import { clockCheck } from './checks/clock.ts'
import { databaseChecks } from './checks/database.ts'
import { diskChecks } from './checks/disk.ts'
import { mintChecks } from './checks/mints.ts'
import { publicChecks } from './checks/public-address.ts'
import { rateCheck } from './checks/rate.ts'
import { upstreamChecks } from './checks/upstreams.ts'
import { type Check, type DoctorCheck, type DoctorReport, good, perform, warning } from './report.ts'
import type { DoctorRooms, RunningNode } from './rooms.ts'

const CHECK_MS_MAX = 60_000

/** Looks at everything that a node needs to work, at the same time where one look does not slow another. Never rejects. */
export async function runDoctor(rooms: DoctorRooms): Promise<DoctorReport> {
  // The disk is timed before the rest makes it busy; reading the whole database would stop every other clock.
  const disk = await performAll(diskChecks(rooms.dataDir))
  const [[clock, ...shops], outside] = await Promise.all([
    performAll([
      clockCheck({ clock: rooms.clock, urls: serversOf(rooms) }),
      ...mintChecks(rooms.mints, () => rooms.clock.now()),
      rateCheck(rooms),
      ...upstreamChecks(rooms.upstreams),
    ]),
    fromOutside(rooms.node),
  ])
  const database = await performAll(databaseChecks(rooms))
  const egress = await performAll([{ name: 'egress', look: () => good(egressOf(rooms.egress)) }])
  const checks = [...(clock ? [clock] : []), ...disk, ...database, ...shops, ...outside, ...egress]
  return { ok: checks.every((check) => check.ok), checks }
}

function performAll(checks: readonly Check[]): Promise<DoctorCheck[]> {
  return Promise.all(checks.map((check) => perform(check, CHECK_MS_MAX)))
}

/** Of an address that does not answer, the rest would only say the same again. */
async function fromOutside(node: RunningNode | undefined): Promise<DoctorCheck[]> {
  if (node === undefined) return performAll([notRunning()])
  const { address, rest } = publicChecks(node)
  const answered = await perform(address, CHECK_MS_MAX)
  return answered.ok ? [answered, ...(await performAll(rest))] : [answered]
}

function serversOf({ mints, upstreams }: DoctorRooms): string[] {
  const enabled = upstreams.filter(({ isEnabled }) => isEnabled).map(({ url }) => url)
  return [...mints.map((mint) => `${mint.replace(/\/+$/, '')}/v1/info`), ...enabled]
}

function notRunning(): Check {
  const found = warning(
    'No node runs on this data directory, so nobody can reach it',
    'Start it (farebox start) and run the doctor again.',
  )
  return { name: 'public address', look: () => found }
}

function egressOf(hosts: readonly string[]): string {
  if (hosts.length === 0) return 'The node contacts nobody'
  return `The node may contact ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}: ${hosts.join(', ')}`
}
