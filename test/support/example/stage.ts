import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildProgram } from '../../house/build.ts';
import { startControlPlane, type ControlPlane } from '../rig/apiserver.ts';
import { playCluster, type PlayedCluster } from './cluster.ts';
import { startShell, type Shell } from './shell.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Where the commands of a document run: a cluster as far as one can be had, and a shell in a checkout. */
export interface Stage extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly cluster: PlayedCluster;
  readonly shell: Shell;
  /** Of the shell: a copy, so that commands may write. */
  readonly folder: string;
}

export type StageOptions = {
  /** What the checkout has of this one: copies, and links to what is only read. */
  readonly copies: readonly string[];
  readonly links?: readonly string[];
  /** Where in it the shell is. */
  readonly folder: string;
};

/** A control plane, the played rest of a cluster, and a shell as administrator. The built program is where `npm run build` puts it. */
export async function setStage({ copies, links = [], folder }: StageOptions): Promise<Stage> {
  const controlPlane = await startControlPlane();
  try {
    const checkout = join(controlPlane.dir, 'checkout');
    for (const path of copies) await cp(join(ROOT, path), join(checkout, path), { recursive: true });
    for (const path of links) {
      await mkdir(dirname(join(checkout, path)), { recursive: true });
      await symlink(join(ROOT, path), join(checkout, path));
    }
    const program = await buildProgram({ out: join(checkout, 'dist') });
    const cwd = join(checkout, folder);
    const shell = await startShell({ cwd, dir: controlPlane.dir, env: { KUBECONFIG: controlPlane.adminKubeconfig } });
    const cluster = playCluster({ controlPlane, program });
    const dispose = async (): Promise<void> => {
      await cluster[Symbol.asyncDispose]();
      await controlPlane[Symbol.asyncDispose]();
    };
    return { controlPlane, cluster, shell, folder: cwd, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await controlPlane[Symbol.asyncDispose]();
    throw error;
  }
}
