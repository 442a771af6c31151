import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addToCache, cacheFolder, cachedProgram, isProgram, removeLeftovers } from './cache.ts';
import { findInstalled } from './installed.ts';
import { withLock } from './lock.ts';
import { makePart } from './make.ts';
import { type Part, type PartName, partNames, parts, peerParts, testParts } from './parts.ts';
import { gaps } from './prerequisites.ts';
import { ToolError } from './tool.ts';

/** A real counterpart, ready to run. */
export interface Located {
  readonly path: string;
  readonly version: string;
  readonly from: 'KUBEBUILDER_ASSETS' | 'PATH' | 'cache';
}

export type Parts = Readonly<Record<PartName, Located>>;

export interface LocateOptions {
  /** Look for these only; for those of the tests by default. */
  readonly only?: readonly PartName[];
  readonly env?: NodeJS.ProcessEnv;
  /** Takes each line of progress; standard error by default. */
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The machine lacks something that no waiting will bring. The message lists every gap with its fix. */
export class PrerequisiteError extends Error {
  override readonly name = 'PrerequisiteError';
}

/**
 * The programs of the real counterparts: installed ones that will do, then earlier builds, then a build. Touches
 * no network when nothing has to be built.
 * Throws PrerequisiteError before anything is begun, and an Error with the tool's last lines when a build fails.
 */
export async function locate({ only = testParts, env = process.env, say = toStderr, signal }: LocateOptions = {}): Promise<Parts> {
  const cache = cacheFolder(env);
  const { found, missing } = await look(only, cache, env);
  if (missing.length === 0) return found as Parts;
  await build(missing, { cache, env, say, signal });
  const second = await look(only, cache, env);
  if (second.missing.length === 0) return second.found as Parts;
  throw new Error(`built, and yet not in ${cache}: ${second.missing.map(({ name }) => name).join(', ')}`);
}

interface Survey {
  readonly found: Partial<Record<PartName, Located>>;
  readonly missing: readonly Part[];
  readonly notes: readonly string[];
}

async function look(names: readonly PartName[], cache: string, env: NodeJS.ProcessEnv): Promise<Survey> {
  const found: Partial<Record<PartName, Located>> = {};
  const missing: Part[] = [];
  const notes: string[] = [];
  for (const name of partNames.filter((each) => names.includes(each))) {
    const part = parts[name];
    const search = await findInstalled(part, env);
    notes.push(...search.passedOver);
    const path = cachedProgram(cache, part);
    if (search.found !== undefined) found[name] = search.found;
    else if (await isProgram(path)) found[name] = { path, version: part.version, from: 'cache' };
    else missing.push(part);
  }
  return { found, missing, notes };
}

interface BuildOptions {
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

async function build(wanted: readonly Part[], { cache, env, say, signal }: BuildOptions): Promise<void> {
  // Every build runs under the leash, so an interrupted one leaves no compiler behind.
  const withLeash = wanted.includes(parts.leash) ? wanted : [parts.leash, ...wanted];
  const problems = await gaps(wanted, cache, env);
  if (problems.length > 0) {
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    throw new PrerequisiteError(`Cannot build ${wanted.map(({ name }) => name).join(', ')}:${list}`);
  }
  const onWait = (holder: string, seconds: number) =>
    say(`process ${holder} is building the real counterparts; waiting for it (${elapsed(seconds * 1000)} so far)`);
  await mkdir(cache, { recursive: true });
  const goCache = join(cache, 'go-build');
  await withLock({ path: join(cache, 'lock'), onWait, signal }, async () => {
    await removeLeftovers(cache);
    const missing: Part[] = [];
    for (const part of withLeash) if (!(await isProgram(cachedProgram(cache, part)))) missing.push(part);
    for (const [index, part] of missing.entries()) {
      await buildOne(part, { title: `${part.name} (${index + 1} of ${missing.length})`, cache, goCache, env, say, signal });
    }
    // Six gigabytes that only a half-done set has a use for.
    const rest = await look(testParts, cache, env);
    if (rest.missing.length === 0) await rm(goCache, { recursive: true, force: true });
  });
}

async function buildOne(part: Part, { title, cache, goCache, env, say, signal }: BuildOptions & { title: string; goCache: string }): Promise<void> {
  const started = Date.now();
  say(`building ${title}, about ${part.takes}, once`);
  let packages = 0;
  const heartbeat = setInterval(() => say(`building ${title}: ${elapsed(Date.now() - started)}, ${packages} packages so far`), 30_000);
  const onLine = (line: string) => {
    if (line.startsWith('network trouble')) say(line);
    else packages++;
  };
  const leash = part.name === 'leash' ? undefined : cachedProgram(cache, parts.leash);
  try {
    await addToCache(cache, part, (program) => makePart(part, program, { goCache, env, leash, onLine, signal }));
  } catch (error) {
    if (signal?.aborted) throw error;
    const after = elapsed(Date.now() - started);
    throw new Error(`Cannot build ${part.name} (failed after ${after}): ${(error as Error).message}\n${advice(error)}`, { cause: error });
  } finally {
    clearInterval(heartbeat);
  }
  say(`built ${title} in ${elapsed(Date.now() - started)}`);
}

function advice(error: unknown): string {
  const output = error instanceof ToolError ? error.output : '';
  const again = 'What is compiled is kept: run npm run controlplane again and it goes on from there.';
  if (/no space left/.test(output)) return `The disk is full: free some, or set XDG_CACHE_HOME to a folder on a larger disk. ${again}`;
  if (/signal: killed|ended with 137/.test(String(error))) return `The compiler was killed, most likely for want of memory: close something, or set GOMAXPROCS=1. ${again}`;
  if (/dial tcp|lookup|proxy|Max retries|403|404/.test(output)) return `A download failed: check the network, GOPROXY and pip's index. ${again}`;
  return again;
}

function elapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

const usage = `npm run controlplane -- [--list] [PART…]

Builds the real counterparts of the tests, or those named, into a cache outside the checkout.
  --list   say what would be used and build nothing
Parts: ${testParts.join(' ')}
Built only when named: ${peerParts.join(' ')}
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { list: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = positionals.filter((name) => !(partNames as readonly string[]).includes(name));
  if (unknown.length > 0) {
    toStderr(`No such part: ${unknown.join(', ')}. There are ${partNames.join(', ')}.`);
    return 2;
  }
  const names = positionals.length > 0 ? (positionals as PartName[]) : values.list ? partNames : testParts;
  const aborting = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => aborting.abort(new Error(`stopped by ${name}`)));
  if (!values.list) await locate({ only: names, signal: aborting.signal });
  const { found, missing, notes } = await look(names, cacheFolder(process.env), process.env);
  for (const note of notes) toStderr(`not used: ${note}`);
  for (const name of names) {
    const part = found[name];
    const { version, takes } = parts[name];
    const what = part === undefined ? `${version}  to be built, about ${takes}` : `${part.version}  ${part.from}  ${part.path}`;
    process.stdout.write(`${name.padEnd(23)} ${what}\n`);
  }
  return values.list || missing.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    toStderr((error as Error).message);
    process.exitCode = 2;
  }
}
