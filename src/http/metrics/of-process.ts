import { type Metric, single } from './metric.ts'

const US = 1e6

/** Under the names that Prometheus' own dashboards for Node look for. */
export const processMetrics: readonly Metric[] = [
  {
    name: 'farebox_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
    read: ({ rooms }) => [{ labels: { version: rooms.profile.version, node: process.version }, value: 1 }],
  },
  {
    name: 'nodejs_eventloop_lag_mean_seconds',
    type: 'gauge',
    help: 'How long the event loop was late since the last reading, on average.',
    labels: [],
    read: (sources) => single(sources.process.lag.mean),
  },
  {
    name: 'nodejs_eventloop_lag_p99_seconds',
    type: 'gauge',
    help: 'The same, at the 99th percentile.',
    labels: [],
    read: (sources) => single(sources.process.lag.p99),
  },
  {
    name: 'nodejs_eventloop_lag_max_seconds',
    type: 'gauge',
    help: 'The same, at its worst.',
    labels: [],
    read: (sources) => single(sources.process.lag.max),
  },
  {
    name: 'nodejs_eventloop_utilization',
    type: 'gauge',
    help: 'Which part of the time since the start the event loop was busy, from 0 to 1.',
    labels: [],
    read: () => single(performance.eventLoopUtilization().utilization),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'What JavaScript uses of its heap.',
    labels: [],
    read: () => single(process.memoryUsage().heapUsed),
  },
  {
    name: 'nodejs_external_memory_bytes',
    type: 'gauge',
    help: 'Memory of buffers, outside of the heap.',
    labels: [],
    read: () => single(process.memoryUsage().external),
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory that the process has of the machine.',
    labels: [],
    read: () => single(process.memoryUsage.rss()),
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time that the process has used.',
    labels: [],
    read: () => {
      const { user, system } = process.cpuUsage()
      return single((user + system) / US)
    },
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open files and sockets, where the system tells.',
    labels: [],
    read: (sources) => {
      const open = sources.process.openFiles()
      return open === undefined ? [] : single(open)
    },
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process began, in seconds since 1970.',
    labels: [],
    read: () => single(performance.timeOrigin / 1000),
  },
]
