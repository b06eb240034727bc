import { findProvider, type Provider } from '@pydantic/genai-prices'

/** Where providers' lists come from, and how often that changed. */
export interface ProviderSource {
  provider(id: string): Provider | undefined
  /** Another number after every change. */
  readonly revision: number
}

/** The lists that came with the package; they never change. */
export const bundled: ProviderSource = {
  revision: 0,
  // `findProvider` also takes names that merely resemble an id; a setting must not.
  provider: (id) => {
    const found = findProvider({ providerId: id })
    return found?.id === id ? found : undefined
  },
}
