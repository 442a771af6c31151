/** Everything that a scenario can measure, in the order of the columns. */
export const FIGURES = {
  signedPerSecond: { title: 'signed/s', about: 'certificates a second, from the first approval to the last certificate', better: 'higher', digits: 0 },
  signedPerSecondFromStart: { title: 'signed/s from start', about: 'the same, from the start of the process', better: 'higher', digits: 0 },
  signedPerSecondFromFirst: { title: 'signed/s from first', about: 'the same, from the first certificate', better: 'higher', digits: 0 },
  startMs: { title: 'start, ms', about: 'from the start of the process to the first certificate of a request that waits', better: 'lower', digits: 0 },
  p50: { title: 'p50, ms', about: 'from the answer to the approval to the event with the certificate, as a third party sees them', better: 'lower', digits: 1 },
  p90: { title: 'p90, ms', about: 'the same', better: 'lower', digits: 1 },
  p99: { title: 'p99, ms', about: 'the same', better: 'lower', digits: 1 },
  apartP50: { title: 'p50 apart, ms', about: 'while another process signs the flood', better: 'lower', digits: 1 },
  apartP99: { title: 'p99 apart, ms', about: 'while another process signs the flood', better: 'lower', digits: 1 },
  callerP50: { title: 'caller p50, ms', about: 'what the workload waits for istiod', better: 'lower', digits: 0 },
  callerP99: { title: 'caller p99, ms', about: 'the same', better: 'lower', digits: 0 },
  cpuMs: { title: 'CPU, ms/cert', about: 'CPU time of the process for each certificate, all threads', better: 'lower', digits: 2 },
  rssMb: { title: 'RSS, MB', about: 'resident memory at the end', better: 'lower', digits: 0 },
  peakMb: { title: 'peak, MB', about: 'resident memory at its highest since the start', better: 'lower', digits: 0 },
  writes: { title: 'writes/cert', about: 'API calls of the process that change something, for each certificate', better: 'lower', digits: 2 },
  reads: { title: 'reads/cert', about: 'API calls of the process that get or list, for each certificate', better: 'lower', digits: 2 },
  idleCpu: { title: 'idle CPU, ms/s', about: 'CPU time a second while nothing happens', better: 'lower', digits: 2 },
  serverCpuMs: { title: 'API server and etcd, ms/cert', about: 'CPU time of kube-apiserver and etcd for each certificate', better: 'lower', digits: 2 },
  clientCpuMs: { title: 'client, ms/cert', about: 'CPU time of the load generator for each certificate', better: 'lower', digits: 2 },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;
export type Figures = Partial<Record<FigureName, number>>;

type Figure = { readonly title: string; readonly about: string; readonly better: 'higher' | 'lower'; readonly digits: number };
