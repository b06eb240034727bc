import type { Component } from '../prices.ts'

/** Keys of a provider's list that a reading can be charged by: USD for a million tokens or for a thousand events. */
export const PRICE_KEYS: ReadonlyMap<string, { component: Component | 'inputImage'; places: number }> =
  new Map([
    ['input_mtok', { component: 'input', places: 6 }],
    ['output_mtok', { component: 'output', places: 6 }],
    ['cache_read_mtok', { component: 'cacheRead', places: 6 }],
    ['cache_write_mtok', { component: 'cacheWrite', places: 6 }],
    ['input_audio_mtok', { component: 'inputAudio', places: 6 }],
    ['output_audio_mtok', { component: 'outputAudio', places: 6 }],
    ['cache_audio_read_mtok', { component: 'cacheReadAudio', places: 6 }],
    ['output_reasoning_mtok', { component: 'reasoning', places: 6 }],
    ['input_image_mtok', { component: 'inputImage', places: 6 }],
    ['web_searches_kcount', { component: 'webSearch', places: 9 }],
    ['requests_kcount', { component: 'request', places: 9 }],
  ] as const)
