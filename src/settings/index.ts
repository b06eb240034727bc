export type { SettingDefinition, SettingView } from './setting.ts'
export { Settings, type SettingsOptions } from './settings.ts'
