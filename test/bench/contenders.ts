import { cachedProgram, cacheFolder, isProgram } from '../controlplane/cache.ts';
import { findInstalled } from '../controlplane/installed.ts';
import { parts, type PartName } from '../controlplane/parts.ts';
import type { Contender } from './contender.ts';
import { ceiling } from './contenders/ceiling.ts';
import { certManager } from './contenders/cert-manager.ts';
import { kubeControllerManager, kubeControllerManagerUnlimited } from './contenders/kube-controller-manager.ts';
import { signet } from './contenders/signet.ts';

/** In the order of their turns. */
export const CONTENDERS: readonly Contender[] = [signet, certManager, kubeControllerManager, kubeControllerManagerUnlimited, ceiling];

/** Those of which a quick run tells something new. */
export const QUICK: readonly Contender[] = [signet, certManager, ceiling];

/** The program that a contender needs beyond this checkout. */
const PROGRAMS: Readonly<Record<string, PartName>> = {
  'cert-manager': 'cert-manager-signer',
  'kube-controller-manager': 'kube-controller-manager',
  'kube-controller-manager-unlimited': 'kube-controller-manager',
};

/** Whether the contender's program is there, so that nobody has to wait minutes for a build. */
export async function isBuilt({ name }: Contender): Promise<boolean> {
  const program = PROGRAMS[name];
  if (program === undefined) return true;
  return (await isProgram(cachedProgram(cacheFolder(process.env), parts[program]))) || (await findInstalled(parts[program], process.env)).found !== undefined;
}
