import type { RigProcess } from '../../support/rig/process.ts';
import { until } from '../../support/rig/until.ts';
import type { RunningContender } from '../contender.ts';

/** A program that runs under the rig's leash, with its own process number. */
export async function programOf(process: RigProcess): Promise<RunningContender> {
  // The leash needs a moment to start it.
  const pid = await until(() => process.pid(), { what: `${process.name} to start`, process });
  return {
    process,
    pid,
    stop: async () => {
      await process.stop();
    },
  };
}
