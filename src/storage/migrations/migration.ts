/** One step of the schema. Once released it never changes: its checksum is stored in every database it ran on. */
export interface Migration {
  readonly name: string
  readonly sql: string
}
