import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isProgram } from './cache.ts';
import { atLeast, type Installed, type Part } from './parts.ts';
import { runTool } from './tool.ts';

export interface InstalledProgram {
  readonly path: string;
  readonly version: string;
  readonly from: 'KUBEBUILDER_ASSETS' | 'PATH';
}

export interface Search {
  readonly found: InstalledProgram | undefined;
  /** Copies that were not taken, and why. */
  readonly passedOver: readonly string[];
}

/** Looks for a usable copy of the part in $KUBEBUILDER_ASSETS, then on $PATH. */
export async function findInstalled({ installed, name, program }: Part, env: NodeJS.ProcessEnv): Promise<Search> {
  const passedOver: string[] = [];
  if (installed === undefined) return { found: undefined, passedOver };
  const seen = new Set<string>();
  for (const { folder, from } of folders(env)) {
    const path = join(folder, program);
    if (!(await isProgram(path)) || seen.has(await realpath(path))) continue;
    seen.add(await realpath(path));
    const version = await versionOf(path, installed, env);
    if (version !== undefined && atLeast(version, installed.oldest)) return { found: { path, version, from }, passedOver };
    const is = version === undefined ? 'does not tell its version' : `is ${version}`;
    passedOver.push(`${path} ${is}; ${name} has to be ${installed.oldest} or later`);
  }
  return { found: undefined, passedOver };
}

/** Asked once per run: tests look for their programs at every start. */
const asked = new Map<string, Promise<string | undefined>>();

async function versionOf(path: string, { args, version }: Installed, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const answer =
    asked.get(path) ??
    runTool([path, ...args], { cwd: tmpdir(), env }).then(
      (output) => version.exec(output)?.[1],
      () => undefined,
    );
  asked.set(path, answer);
  return answer;
}

function folders({ KUBEBUILDER_ASSETS, PATH = '' }: NodeJS.ProcessEnv): { folder: string; from: InstalledProgram['from'] }[] {
  const path = PATH.split(delimiter).filter((folder) => folder !== '');
  return [
    ...(KUBEBUILDER_ASSETS ? [{ folder: KUBEBUILDER_ASSETS, from: 'KUBEBUILDER_ASSETS' as const }] : []),
    ...path.map((folder) => ({ folder, from: 'PATH' as const })),
  ];
}
