/**
 * The places along a paid call at which a test kills the process, in the order they are passed, and those in recovery.
 * Each has a test that was killed there (test/faults/call-kill.test.ts, call-recovery.test.ts).
 */
export const CALL_FAILPOINTS = [
  'call.admitted',
  'call.held',
  'call.upstream-sent',
  'call.upstream-answered',
  'call.first-byte',
  'call.upstream-ended',
  'call.served',
  'call.settled',
  'call.changed',
  'recovery.returning',
  'recovery.closing',
] as const
