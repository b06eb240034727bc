import type { Contact } from './answers.ts'
import type { AdminRooms } from './rooms.ts'

const OWN_ADDRESS = 'its own public address, which farebox doctor tries'

/** Every host that the node may contact, each reason on its own, mints first. */
export function contactsOf(rooms: AdminRooms): Contact[] {
  const { mints, upstreams, rate, freshPrices } = rooms
  const publicUrl = rooms.node()?.publicUrl ?? rooms.settings.live('PUBLIC_URL').get()
  const enabled = upstreams.states().filter(({ isEnabled }) => isEnabled)
  const found = [
    ...mints.all().map((mint) => ({ host: hostOf(mint), reason: 'a mint whose ecash is taken or held' })),
    ...enabled.map(({ config: { id, url } }) => ({ host: hostOf(url), reason: `the upstream ${id}` })),
    ...rate.egress().map((host) => ({ host, reason: 'the price of bitcoin' })),
    ...freshPrices.egress().map((host) => ({ host, reason: 'prices of models' })),
    ...(typeof publicUrl === 'string' ? [{ host: hostOf(publicUrl), reason: OWN_ADDRESS }] : []),
  ]
  const seen = new Set<string>()
  return found.filter(({ host, reason }) => {
    const key = `${host} ${reason}`
    return seen.has(key) ? false : seen.add(key)
  })
}

/** With its port where that is not the usual one. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}
