import { access, constants, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './lock.ts';
import { keyOf, type Part } from './parts.ts';

/** The folder of built parts: outside the checkout, so that every clone of the same sources shares it. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  // The specification of XDG_CACHE_HOME has relative paths ignored.
  const home = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(home, 'signet', 'controlplane');
}

/** Where the part's program is once it is built. */
export function cachedProgram(cache: string, part: Part): string {
  return join(cache, `${part.name}-${keyOf(part)}`, part.program);
}

/** Whether an executable file is there. */
export async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Has `make` write the part's program to a path aside and moves the whole folder into place in one step, so a
 * program in the cache is always a complete one. Returns its final path.
 */
export async function addToCache(cache: string, part: Part, make: (program: string) => Promise<void>): Promise<string> {
  const program = cachedProgram(cache, part);
  const aside = join(cache, `.building-${process.pid}-${part.name}`);
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  try {
    await make(join(aside, part.program));
    await rename(aside, join(program, '..')).catch(async (error: unknown) => {
      // Another run was faster, with the same result.
      if (!(await isProgram(program))) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return program;
}

/** Removes what runs that were killed left half made. */
export async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /^\.building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(cache, name), { recursive: true, force: true });
  }
}
