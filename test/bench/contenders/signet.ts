import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig, type Config } from '../../../src/config.ts';
import { rbacObjects } from '../../../src/config/rbac.ts';
import { buildProgram } from '../../house/build.ts';
import { ISTIOD } from '../../support/requests.ts';
import type { KubernetesObject } from '../../support/rig/api.ts';
import { startProcess } from '../../support/rig/process.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import type { BenchSigner, Contender } from '../contender.ts';
import { signerSecret } from '../signers.ts';
import { programOf } from './running.ts';

/** The program as users run it, with what a mesh's operator writes and otherwise defaults. */
export const signet: Contender = {
  name: 'signet',
  about: 'the built program, default configuration, one signer a tenant',
  maxSigners: Infinity,
  separable: true,
  limited: false,
  prepare: async ({ controlPlane, signers, instance = 'main', cpuProfile }) => {
    const text = configuration(signers);
    const config = valid(text);
    const [namespace, account] = [`signet-${instance}`, `signet-${instance}`];
    await controlPlane.namespaces(namespace, 'cert-manager', ...signers.map(({ tenant }) => tenant));
    await controlPlane.serviceAccounts(`${namespace}/${account}`);
    await controlPlane.api.apply(...signers.map(signerSecret), ...rights(config, namespace, account));
    const dir = await mkdtemp(join(controlPlane.dir, `signet-${instance}-`));
    const file = join(dir, 'signet.yaml');
    await writeFile(file, text);
    const program = await buildProgram({ out: join(dir, 'program') });
    const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: `${namespace}/${account}` }, { seconds: 24 * 3600 });
    if (cpuProfile !== undefined) await mkdir(cpuProfile, { recursive: true });
    const profile = cpuProfile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', cpuProfile];
    // The pod's name of its own namespace comes from the kubeconfig's context or this variable; a file for people, not for the bench.
    const args = [...profile, program, 'run', '-c', file, '--kubeconfig', kubeconfig, '--namespace', namespace];
    return {
      version: packageJson.version,
      signers: signers.map(({ name }) => name),
      start: async () => programOf(await startProcess({ name: 'signet', command: process.execPath, args, cwd: dir, log: join(dir, 'signet.log') })),
    };
  },
};

function configuration(signers: readonly BenchSigner[]): string {
  const one = ({ name, tenant }: BenchSigner): string => `
  - name: ${name}
    ca: { secret: cert-manager/${tenant} }
    allow: [{ namespaces: [${tenant}] }]`;
  return `
trustDomain: cluster.local
requesters:
  - user: ${ISTIOD}
    approves: true
    vouches: { namespaces: ["*"] }
signers:${signers.map(one).join('')}
http: { address: "127.0.0.1:0" }
`;
}

/** What `signet rbac` prints, under names of this instance's own: the rights of a second one must not take those of the first. */
function rights(config: Config, namespace: string, account: string): KubernetesObject[] {
  const objects = rbacObjects(config, { namespace, serviceAccount: account });
  return objects.map((object) => {
    const metadata = { ...object.metadata, name: account };
    return ('roleRef' in object ? { ...object, metadata, roleRef: { ...object.roleRef, name: account } } : { ...object, metadata }) as unknown as KubernetesObject;
  });
}

function valid(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(`the bench's own configuration is wrong: ${JSON.stringify(parsed.problems)}`);
  return parsed.config;
}
