export { scaleDecimal } from './decimal.ts'
export {
  addMsat,
  ceilSat,
  floorSat,
  maxMsat,
  minMsat,
  type Msat,
  msat,
  negMsat,
  satToMsat,
  subMsat,
  ZERO,
} from './msat.ts'
export { type BtcUsd, type MarginBp, msatToPicoUsd, msatToUsd, picoUsdToMsat } from './rate.ts'
