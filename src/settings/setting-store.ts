import { type Storage, tablesOf, type Tx, type Vault } from '../storage/index.ts'

/**
 * A plain setting is a row of `setting`, its text as a JSON string. A secret one is a row of `secret`, where a change of
 * the root key finds it.
 */
interface SettingTables {
  setting: { name: string; value_json: string; at: number | bigint }
  secret: { name: string; sealed: string }
}

const SECRET_PREFIX = 'setting:'

interface StoreParts {
  readonly storage: Storage
  readonly vault: Vault
}

/** Every text in the table, by name; undefined where a row holds no text. @throws DomainError `sealed_value_unreadable` */
export async function readSettings({ storage, vault }: StoreParts): Promise<Map<string, string | undefined>> {
  const { plain, sealed } = await storage.read(async (tx) => {
    const tables = tablesOf<SettingTables>(tx)
    return {
      plain: await tables.selectFrom('setting').select(['name', 'value_json']).execute(),
      sealed: await tables
        .selectFrom('secret')
        .selectAll()
        .where('name', 'like', `${SECRET_PREFIX}%`)
        .execute(),
    }
  })
  const found = new Map<string, string | undefined>()
  for (const { name, value_json: json } of plain) found.set(name, textIn(json))
  for (const row of sealed)
    found.set(row.name.slice(SECRET_PREFIX.length), vault.openText(placeOf(row.name), row.sealed))
  return found
}

interface SettingRow {
  readonly name: string
  /** Undefined takes it out. */
  readonly text: string | undefined
  readonly isSecret: boolean
  /** Unix milliseconds. */
  readonly at: number
}

/** Writes one setting, or takes it out, whatever it was before. */
export async function writeSetting(tx: Tx, vault: Vault, row: SettingRow): Promise<void> {
  const tables = tablesOf<SettingTables>(tx)
  const { name, text, isSecret, at } = row
  const secretName = SECRET_PREFIX + name
  await tables.deleteFrom('setting').where('name', '=', name).execute()
  await tables.deleteFrom('secret').where('name', '=', secretName).execute()
  if (text === undefined) return
  if (isSecret) {
    const sealed = vault.seal(placeOf(secretName), text)
    await tables.insertInto('secret').values({ name: secretName, sealed }).execute()
    return
  }
  await tables
    .insertInto('setting')
    .values({ name, value_json: JSON.stringify(text), at })
    .execute()
}

function placeOf(row: string): { table: string; column: string; row: string } {
  return { table: 'secret', column: 'sealed', row }
}

function textIn(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
