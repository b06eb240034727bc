export type { SettingChange, SettingDefinition, SettingEdits, SettingView } from './setting.ts'
export { Settings, type SettingsOptions } from './settings.ts'
