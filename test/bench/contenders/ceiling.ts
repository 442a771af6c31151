import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { startProcess } from '../../support/rig/process.ts';
import type { Contender } from '../contender.ts';
import { programOf } from './running.ts';

/** The upper bound: sixty lines that write one constant certificate. */
export const ceiling: Contender = {
  name: 'ceiling',
  about: 'sixty lines that watch and write one constant certificate: no cryptography, no policy',
  maxSigners: Infinity,
  separable: true,
  limited: false,
  prepare: async ({ controlPlane, signers, instance = 'main', cpuProfile }) => {
    const account = `ceiling-${instance}`;
    const names = signers.map(({ name }) => name);
    await controlPlane.namespaces('bench');
    await controlPlane.serviceAccounts(`bench/${account}`);
    await controlPlane.api.apply(...rights(account, names));
    const dir = await mkdtemp(join(controlPlane.dir, `ceiling-${instance}-`));
    const program = join(dir, 'ceiling.mjs');
    await build({ entryPoints: [join(import.meta.dirname, '../ceiling/ceiling.ts')], outfile: program, bundle: true, platform: 'node', target: 'node20.19', format: 'esm', minify: true, logLevel: 'warning', banner: { js: REQUIRE } });
    const certificates = join(dir, 'certificates.json');
    await writeFile(certificates, JSON.stringify(Object.fromEntries(signers.map(({ name, leafPem }) => [name, leafPem]))));
    const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: `bench/${account}` }, { seconds: 24 * 3600 });
    if (cpuProfile !== undefined) await mkdir(cpuProfile, { recursive: true });
    const profile = cpuProfile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', cpuProfile];
    return {
      version: '-',
      signers: names,
      start: async () => programOf(await startProcess({ name: 'ceiling', command: process.execPath, args: [...profile, program, kubeconfig, certificates], cwd: dir, log: join(dir, 'ceiling.log') })),
    };
  },
};

/** undici is CommonJS and asks for built-in modules by require, which a module of its own does not have. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

function rights(account: string, signers: readonly string[]) {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: `bench-${account}` };
  const apiGroups = ['certificates.k8s.io'];
  return [
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata,
      rules: [
        { apiGroups, resources: ['certificatesigningrequests'], verbs: ['list', 'watch'] },
        { apiGroups, resources: ['certificatesigningrequests/status'], verbs: ['update'] },
        { apiGroups, resources: ['signers'], verbs: ['sign'], resourceNames: signers },
      ],
    },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name }, subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'bench' }] },
  ];
}
