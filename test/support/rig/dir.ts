import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../controlplane/lock.ts';

/** A folder of this run's own, and how to be rid of it. */
export interface RigDir {
  readonly path: string;
  /** Removes it, unless SIGNET_RIG_KEEP is set, with which the logs of a failed run can be read in peace. */
  remove(): Promise<void>;
}

/** Makes a folder under the system's temporary one, and removes those of runs that were killed. */
export async function makeDir(): Promise<RigDir> {
  await removeAbandoned();
  const path = await mkdtemp(join(tmpdir(), `signet-rig-${process.pid}-`));
  const remove = async () => {
    // A program that is just ending may still write a file into it.
    if (!process.env.SIGNET_RIG_KEEP) await rm(path, { recursive: true, force: true, maxRetries: 5 });
  };
  return { path, remove };
}

async function removeAbandoned(): Promise<void> {
  if (process.env.SIGNET_RIG_KEEP) return;
  for (const name of await readdir(tmpdir())) {
    const pid = /^signet-rig-(\d+)-/.exec(name)?.[1];
    // Another user's cannot be removed; that is for them to do.
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
