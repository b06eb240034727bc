export { renderDoctor } from './render.ts'
export type { DoctorCheck, DoctorReport } from './report.ts'
export type { DoctorRooms, DoctorUpstream, RunningNode, UpstreamTrial } from './rooms.ts'
export { runDoctor } from './run-doctor.ts'
