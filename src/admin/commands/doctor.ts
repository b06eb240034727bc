import { command } from '../command.ts'
import { contactsOf } from '../contacts.ts'
import { type DoctorRooms, runDoctor, type UpstreamTrial } from '../doctor/index.ts'
import { readNothing } from '../read-input.ts'
import type { AdminRooms } from '../rooms.ts'
import { tryOut } from './upstreams.ts'

export const doctorCommands = [
  command('doctor', {
    describes: 'Looks at everything that a node needs to work. Buys one token at each upstream.',
    read: readNothing,
    run: (rooms) => runDoctor(doctorRooms(rooms)),
  }),
]

function doctorRooms(rooms: AdminRooms): DoctorRooms {
  const { dataDir, storage, clock, rate } = rooms
  return {
    dataDir,
    storage,
    clock,
    rate,
    node: rooms.node(),
    mints: rooms.mints.accepted(),
    upstreams: rooms.upstreams.states().map(({ config: { id, url }, isEnabled }) => ({
      id,
      url,
      isEnabled,
      test: () => trialOf(rooms, id),
    })),
    egress: [...new Set(contactsOf(rooms).map(({ host }) => host))],
  }
}

async function trialOf(rooms: AdminRooms, id: string): Promise<UpstreamTrial> {
  const { trial, picoUsd } = await tryOut(rooms, { id })
  const { model, status, ms, problem } = trial
  return { model, status, ms, problem, picoUsd }
}
