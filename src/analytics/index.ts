export { type UsageFacts, usageRecord } from './usage-record.ts'
