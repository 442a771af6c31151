import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../controlplane/build.ts';
import type { KubernetesObject } from '../../support/rig/api.ts';
import { startProcess } from '../../support/rig/process.ts';
import type { Contender } from '../contender.ts';
import { programOf } from './running.ts';

/** Of the four signers it has, the one without rules for nodes. */
const SIGNER = 'kubernetes.io/kube-apiserver-client';

/** Kubernetes' own signer as it comes: 20 calls a second to the API server, 30 at once. */
export const kubeControllerManager = contender({
  name: 'kube-controller-manager',
  about: "Kubernetes' own signer with its defaults, a limit of 20 calls a second among them",
  limited: true,
  args: [],
});

/** The same without limits of its own. */
export const kubeControllerManagerUnlimited = contender({
  name: 'kube-controller-manager-unlimited',
  about: "Kubernetes' own signer with its limits off",
  limited: false,
  args: ['--kube-api-qps', '5000', '--kube-api-burst', '10000'],
});

function contender({ name, about, limited, args }: Pick<Contender, 'name' | 'about' | 'limited'> & { readonly args: readonly string[] }): Contender {
  return {
    name,
    about,
    limited,
    maxSigners: 1,
    separable: false,
    prepare: async ({ controlPlane, signers: [ca] }) => {
      if (ca === undefined) throw new Error(`${name} needs a CA, and no signer was offered`);
      const { 'kube-controller-manager': program } = await locate({ only: ['kube-controller-manager'] });
      await controlPlane.serviceAccounts('kube-system/kube-controller-manager');
      await controlPlane.api.apply(binding('system:kube-controller-manager'), binding('system:controller:certificate-controller'));
      const dir = await mkdtemp(join(controlPlane.dir, `${name}-`));
      const [certificate, key] = [join(dir, 'ca.crt'), join(dir, 'ca.key')];
      await writeFile(certificate, ca.certificatePem);
      await writeFile(key, ca.keyPem, { mode: 0o600 });
      const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: 'kube-system/kube-controller-manager' }, { seconds: 24 * 3600 });
      const start = async () =>
        startProcess({
          name,
          command: program.path,
          args: [
            ...['--kubeconfig', kubeconfig, '--controllers', 'certificatesigningrequest-signing-controller'],
            ...['--cluster-signing-cert-file', certificate, '--cluster-signing-key-file', key],
            // Alone in its cluster, and asked by nobody.
            ...['--leader-elect=false', '--secure-port', '0'],
            ...args,
          ],
          log: join(dir, `${name}.log`),
        });
      // This signer refuses any other extended usage.
      return { version: program.version, signers: [SIGNER], usages: ['digital signature', 'key encipherment', 'client auth'], start: async () => programOf(await start()) };
    },
  };
}

/** Of a role that every API server comes with. */
function binding(role: string): KubernetesObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `rig:${role}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'kube-controller-manager', namespace: 'kube-system' }],
  };
}
