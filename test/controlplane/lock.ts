import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { unlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** An owner touches its lock this often; one that has not for the second time long is taken for dead. */
const touchMs = 5_000;
const staleMs = 60_000;

export interface LockOptions {
  readonly path: string;
  /** Told once when somebody else holds the lock, and again each half minute. */
  readonly onWait: (holder: string, seconds: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while holding the lock file. The lock of a process that is gone, or whose number now belongs to
 * a process that does not touch the file, is taken over. Two who take over at once both go on: builds are made
 * aside and renamed, so the worst case is a part built twice.
 */
export async function withLock<T>({ path, onWait, signal }: LockOptions, work: () => Promise<T>): Promise<T> {
  await acquire({ path, onWait, signal });
  const release = () => {
    try {
      unlinkSync(path);
    } catch {
      // Somebody took it over; then it is no longer ours to remove.
    }
  };
  process.once('exit', release);
  const touching = setInterval(() => void touch(path), touchMs);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.off('exit', release);
    release();
  }
}

async function acquire({ path, onWait, signal }: LockOptions): Promise<void> {
  const started = Date.now();
  let told = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path)) return;
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (await isStale(path, holder)) {
      await takeAway(path, holder);
      continue;
    }
    if (told === 0 || Date.now() - told > 30_000) {
      onWait(holder.trim(), Math.round((Date.now() - started) / 1000));
      told = Date.now();
    }
    await wait(250, undefined, { signal });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (Date.now() - found.mtimeMs > staleMs) return true;
  const pid = Number(holder);
  // Empty: between its creation and its first byte.
  return Number.isInteger(pid) && pid > 0 && !isAlive(pid);
}

/** Renames first, so that of two only one gets it; what turns out to be a fresh lock is put back. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== holder) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** Whether a process of this number exists; one of another user does, too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
