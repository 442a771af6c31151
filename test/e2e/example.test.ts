// Runs examples/istio-multi-tenant/README.md: every `sh` block, in order, in one shell, and compares what it prints with the `text` block
// below it. What needs a cluster's nodes, a registry or a download is played by the rig; the table says which commands these are.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { parse } from 'yaml';
import { openDefinition, type Definition } from '../support/example/controllers.ts';
import { setStage, type Stage } from '../support/example/stage.ts';
import { perform, type Played } from '../support/example/walk.ts';
import { steps, type Step } from '../support/markdown.ts';
import type { Api } from '../support/rig/api.ts';
import type { ControlPlane } from '../support/rig/apiserver.ts';
import { startIstiod } from '../support/rig/istiod.ts';
import { until } from '../support/rig/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = 'examples/istio-multi-tenant';

/**
 * The commands that are played: what runs instead, and how. Everything else in the README runs as it stands, kubectl being the real one.
 * Deployments, namespaces that go, and cert-manager's Certificates are played by test/support/example/cluster.ts.
 */
const PLAYED: readonly Played<Stage>[] = [
  {
    command: /^\(cd \.\.\/\.\. && npm ci && npm run build\)$/,
    instead: 'the program is built from this checkout, whose packages are there',
    play: async () => '',
  },
  { command: /^docker (build|push) .*$/, instead: 'nothing: the Deployment runs as a process', play: async () => '' },
  { command: /^helm repo add .*$/, instead: 'nothing', play: async () => '' },
  {
    command: /^helm install cert-manager .*$/,
    instead: 'the namespace, and the two kinds that the example uses, open for any field',
    play: async ({ controlPlane: { api, namespaces } }) => {
      await installCertManager(api, namespaces);
      return '';
    },
  },
  { command: /^helm upgrade cert-manager .*$/, instead: 'nothing', play: async () => '' },
  { command: /^helm uninstall -n cert-manager cert-manager$/, instead: 'nothing', play: async () => '' },
  {
    command: /^istioctl install -y -f istio\.yaml$/,
    instead: 'kind ProxyConfig, and istiod as a process, with the environment, signers and mesh configuration of istio.yaml',
    play: async (stage) => {
      await define(stage.controlPlane.api, openDefinition('networking.istio.io', 'v1beta1', 'ProxyConfig', 'Namespaced'));
      await installIstio(stage);
      return '';
    },
  },
  {
    command: /^istioctl uninstall --purge -y$/,
    instead: 'istiod ends',
    play: async ({ cluster }) => {
      await cluster.uninstall();
      return '';
    },
  },
  {
    command: /^kubectl exec -n (\S+) deploy\/(\S+) -c curl -- curl -sS( -o \/dev\/null -w '%\{http_code\}\\n')? http:\/\/httpbin\.(\S+):8000(\/\S*)$/,
    instead: 'a request through the Envoys that stand for the two sidecars',
    play: async ({ cluster }, [, namespace = '', name = '', onlyStatus, to = '', path = '']) => {
      const { status, body, rejected } = await cluster.workload(namespace, name).call(cluster.workload(to, 'httpbin'), path);
      // Not just no answer: the caller's Envoy did not accept the certificate of the other side.
      assert.equal(rejected, status === 503 ? 1 : 0);
      return onlyStatus === undefined ? body : `${status}\n`;
    },
  },
  {
    command: /^kubectl logs -n signet-system deploy\/signet \| grep (\S+|'[^']+')$/,
    instead: "the log of Signet's process",
    play: async ({ cluster }, [, word = '']) => linesThat(word, cluster.signet()?.log() ?? ''),
  },
  {
    command: /^kubectl get --raw \/api\/v1\/namespaces\/signet-system\/services\/signet:http\/proxy(\S+) \| grep (\S+|'[^']+')$/,
    instead: "the same page, from Signet's process",
    play: async ({ cluster }, [, path = '', word = '']) => linesThat(word, (await (await cluster.signet()?.get(path))?.text()) ?? ''),
  },
];

/** Ways through the README. Every section with commands is on one of them. */
const ROUTES: readonly { readonly name: string; readonly sections: readonly string[]; readonly prepare?: (stage: Stage) => Promise<void> }[] = [
  { name: 'from the CAs to a refused theft', sections: ['What you need', '1. Make the CAs', '2. Install Signet', '3. Install Istio', '4. Deploy the tenants', '5. See who reaches whom', '6. See a theft refused', 'Clean up'] },
  { name: 'without cert-manager', sections: ['What you need', 'Without cert-manager', '2. Install Signet'] },
  { name: "from cert-manager's CSR controllers", sections: ['What you need', "Coming from cert-manager's CSR controllers", '2. Install Signet'], prepare: oldIssuers },
];

const README = readFileSync(join(ROOT, FOLDER, 'README.md'), 'utf8');

test('every command of the README is on one of the routes', () => {
  const missing = steps(README).filter(({ section }) => !ROUTES.some(({ sections }) => sections.includes(section)));
  assert.deepEqual(missing, []);
});

test('every command that is played is in the README', () => {
  const lines = steps(README).flatMap(({ commands }) => commands.split('\n'));
  for (const { command } of PLAYED) assert.ok(lines.some((line) => command.test(line)), `no line is ${command}`);
});

for (const { name, sections, prepare } of ROUTES) {
  describe(`${FOLDER}, ${name}`, () => {
    let stage: Stage;
    let failed: Step | undefined;
    before(async () => {
      stage = await setStage({ copies: [FOLDER, 'manifests'], folder: FOLDER });
      await prepare?.(stage);
    });
    after(async () => stage?.[Symbol.asyncDispose]());

    for (const step of sections.flatMap((section) => steps(README).filter((each) => each.section === section))) {
      it(`line ${step.line}: ${step.commands.split('\n').join('; ')}`, async (context) => {
        if (failed !== undefined) return context.skip(`the commands of line ${failed.line} failed`);
        failed = step;
        await perform(step, stage, PLAYED);
        failed = undefined;
      });
    }
  });
}

/** istiod as istio.yaml would have it; a key of that file that is not passed on is an error. */
async function installIstio({ controlPlane, cluster, folder }: Stage): Promise<void> {
  const { spec } = parse(await readFile(join(folder, 'istio.yaml'), 'utf8')) as IstioOperator;
  const { meshConfig, values, components, ...others } = spec;
  assert.deepEqual(others, {});
  assert.deepEqual([Object.keys(values), Object.keys(values.global), Object.keys(values.pilot)], [['global', 'pilot'], ['certSigners'], ['env']]);
  const defaultSigner = meshConfig.defaultConfig.proxyMetadata.ISTIO_META_CERT_SIGNER;
  assert.deepEqual(meshConfig, { defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: defaultSigner } } });
  const env = { ...values.pilot.env, ...Object.fromEntries(components.pilot.k8s.env.map(({ name, value }) => [name, value])) };
  const [, signerDomain, ownSigner] = /^k8s\.io\/(.+)\/(.+)$/.exec(env['PILOT_CERT_PROVIDER'] ?? '') ?? [];
  assert.ok(signerDomain !== undefined && ownSigner !== undefined && defaultSigner === ownSigner);
  // The rig has values of its own for these: none of them may stand in for one that the file forgot.
  assert.deepEqual(Object.keys(env).sort(), ['CERT_SIGNER_DOMAIN', 'EXTERNAL_CA', 'PILOT_CERT_PROVIDER', 'SHARED_MESH_CONFIG']);
  const istiod = await startIstiod({ controlPlane, certSigners: values.global.certSigners, signerDomain, ownSigner, env });
  cluster.install({ istiod, defaultSigner });
  await istiod.ready();
}

type IstioOperator = {
  readonly spec: {
    readonly meshConfig: { readonly defaultConfig: { readonly proxyMetadata: { readonly ISTIO_META_CERT_SIGNER: string } } };
    readonly values: { readonly global: { readonly certSigners: string[] }; readonly pilot: { readonly env: Record<string, string> } };
    readonly components: { readonly pilot: { readonly k8s: { readonly env: { name: string; value: string }[] } } };
  };
};

/** What Istio's task has made, with other keys: for each CA an issuer that signs itself, a Certificate, and the ClusterIssuer that cert-manager signs with. */
async function oldIssuers({ controlPlane: { api, namespaces } }: Stage): Promise<void> {
  await installCertManager(api, namespaces);
  const apiVersion = 'cert-manager.io/v1';
  for (const [name, tenant] of [['foo', 'foo'], ['bar', 'bar'], ['istio', 'istio-system']] as const) {
    const [secretName, issuerRef] = [`${name}-ca-selfsigned`, { group: 'cert-manager.io', kind: 'ClusterIssuer', name: `selfsigned-${name}-issuer` }];
    await api.apply(
      { apiVersion, kind: 'ClusterIssuer', metadata: { name: issuerRef.name }, spec: { selfSigned: {} } },
      { apiVersion, kind: 'Certificate', metadata: { namespace: 'cert-manager', name: `${name}-ca` }, spec: { isCA: true, commonName: tenant, secretName, privateKey: { algorithm: 'ECDSA', size: 256 }, issuerRef } },
      { apiVersion, kind: 'ClusterIssuer', metadata: { name: tenant }, spec: { ca: { secretName } } },
    );
  }
}

async function installCertManager(api: Api, namespaces: ControlPlane['namespaces']): Promise<void> {
  await namespaces('cert-manager');
  await define(api, openDefinition('cert-manager.io', 'v1', 'Certificate', 'Namespaced'), openDefinition('cert-manager.io', 'v1', 'ClusterIssuer', 'Cluster'));
}

/** Defines kinds, and waits until the API server serves them. */
async function define(api: Api, ...definitions: readonly Definition[]): Promise<void> {
  await api.apply(...definitions);
  for (const { metadata, spec } of definitions) {
    const path = `/apis/${spec.group}/${spec.versions[0].name}/${spec.names.plural}`;
    await until(async () => (await api.find(path)) !== undefined, { what: `kind ${metadata.name} to be served` });
  }
}

/** As grep, with the pattern as it stands in the shell: in quotes or a word. */
function linesThat(pattern: string, text: string): string {
  const matches = new RegExp(pattern.replace(/^'(.*)'$/, '$1'));
  return text.split('\n').filter((line) => matches.test(line)).map((line) => `${line}\n`).join('');
}
