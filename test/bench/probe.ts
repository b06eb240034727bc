import { isMainThread } from 'node:worker_threads'
import { answers } from './ipc.ts'

// Loaded into every measured process by `--import`, so that anything that runs on Node can be measured unchanged.
if (isMainThread && process.send) {
  answers({
    cpu: () => {
      const { user, system } = process.cpuUsage()
      return { us: user + system }
    },
    memory: async () => {
      for (let i = 0; i < 3; i += 1) {
        globalThis.gc?.()
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return { bytes: process.memoryUsage.rss() }
    },
  })
}
