/** The places along an upgrade at which a test kills the process (test/faults/migration.test.ts). */
export const MIGRATION_FAILPOINTS = [
  'migration.backed-up',
  'migration.applied',
  'migration.committed',
] as const

/** The places along a change of the root key at which a test kills the process (test/flows/key-rotation.test.ts). */
export const ROTATION_FAILPOINTS = [
  'rotation.written',
  'rotation.resealed',
  'rotation.finished',
  'rotation.dropped',
] as const
