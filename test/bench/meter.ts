import { apiCalls, callsBetween } from './api-calls.ts';
import { settle, type Bench } from './bench.ts';
import type { RunningContender } from './contender.ts';
import type { FigureName } from './figures.ts';
import { cpuMs, memoryMb } from './usage.ts';

type Usage = Record<Extract<FigureName, 'cpuMs' | 'rssMb' | 'peakMb' | 'writes' | 'reads' | 'serverCpuMs' | 'clientCpuMs'>, number>;

/** What a contender uses from one moment to another. */
export type Meter = {
  /** Waits a moment first, so that what a process does after the last certificate counts; then per certificate what was used, and the memory as it is. */
  read(running: RunningContender, certificates: number): Promise<Usage>;
};

/** Begins to count. Without `running` everything that the process has used since its start counts. */
export async function startMeter(bench: Bench, running?: RunningContender): Promise<Meter> {
  const { client, controlPlane } = bench;
  const servers = await Promise.all([controlPlane.apiserver.pid(), controlPlane.etcd.pid()]);
  const serverCpu = async (): Promise<number> => (await Promise.all(servers.map(cpuMs))).reduce((sum, each) => sum + each, 0);
  const clientCpu = (): number => Object.values(process.cpuUsage()).reduce((sum, each) => sum + each, 0) / 1000;

  // First, as the API server takes a while over its own metrics.
  const callsBefore = await apiCalls(controlPlane.api);
  const ownBefore = { ...client.calls };
  const before = { cpu: running === undefined ? 0 : await cpuMs(running.pid), server: await serverCpu(), client: clientCpu() };
  return {
    read: async ({ pid }, certificates) => {
      await settle(bench);
      const after = { cpu: await cpuMs(pid), server: await serverCpu(), client: clientCpu() };
      const memory = await memoryMb(pid);
      const own = { creates: client.calls.creates - ownBefore.creates, approvals: client.calls.approvals - ownBefore.approvals };
      const { writes, reads } = callsBetween(callsBefore, await apiCalls(controlPlane.api), own);
      return {
        cpuMs: (after.cpu - before.cpu) / certificates,
        rssMb: memory.now,
        peakMb: memory.peak,
        writes: writes / certificates,
        reads: reads / certificates,
        serverCpuMs: (after.server - before.server) / certificates,
        clientCpuMs: (after.client - before.client) / certificates,
      };
    },
  };
}
