export { type Config, readConfig, SETTINGS, UPSTREAM_SETTINGS, type UpstreamSetting } from './config.ts'
export { ConfigError } from './config-error.ts'
export { collect, type Environment, readEnvironment } from './env.ts'
export { Secret } from './secret.ts'
