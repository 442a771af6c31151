// Runs examples/istio-multi-tenant/README.md: every `sh` block, in order, in one shell, and compares what it prints with the `text` block
// below it. What needs a cluster's nodes, a registry or a download is played by the rig; the table says which commands these are.
import assert from 'node:assert/strict';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { buildProgram } from '../house/build.ts';
import { openDefinition } from '../support/example/controllers.ts';
import { playCluster, type PlayedCluster } from '../support/example/cluster.ts';
import { startShell, type Printed, type Shell } from '../support/example/shell.ts';
import { agrees, steps, type Step } from '../support/markdown.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { startIstiod } from '../support/rig/istiod.ts';
import { until } from '../support/rig/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = 'examples/istio-multi-tenant';

type Stage = { readonly controlPlane: ControlPlane; readonly cluster: PlayedCluster; readonly shell: Shell; /** The copy of the example. */ readonly folder: string; readonly program: string };

/**
 * The commands that are played: what runs instead, and how. Everything else in the README runs as it stands, kubectl being the real one.
 * Deployments, namespaces that go, and cert-manager's Certificates are played by test/support/example/cluster.ts.
 */
const PLAYED: readonly { readonly command: RegExp; readonly instead: string; readonly play: (stage: Stage, match: RegExpExecArray) => Promise<string> }[] = [
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
      await namespaces('cert-manager');
      await api.apply(openDefinition('cert-manager.io', 'v1', 'Certificate', 'Namespaced'), openDefinition('cert-manager.io', 'v1', 'ClusterIssuer', 'Cluster'));
      await served(api, '/apis/cert-manager.io/v1/certificates');
      return '';
    },
  },
  { command: /^helm uninstall -n cert-manager cert-manager$/, instead: 'nothing', play: async () => '' },
  {
    command: /^istioctl install -y -f istio\.yaml$/,
    instead: 'kind ProxyConfig, and istiod as a process, with the environment, signers and mesh configuration of istio.yaml',
    play: async (stage) => {
      await stage.controlPlane.api.apply(openDefinition('networking.istio.io', 'v1beta1', 'ProxyConfig', 'Namespaced'));
      await served(stage.controlPlane.api, '/apis/networking.istio.io/v1beta1/proxyconfigs');
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
      const { status, body } = await cluster.workload(namespace, name).call(cluster.workload(to, 'httpbin'), path);
      return onlyStatus === undefined ? body : `${status}\n`;
    },
  },
  {
    command: /^kubectl logs -n signet-system deploy\/signet \| grep (\S+)$/,
    instead: "the log of Signet's process",
    play: async ({ cluster }, [, word = '']) => linesWith(cluster.signet().log(), word),
  },
  {
    command: /^kubectl get --raw \/api\/v1\/namespaces\/signet-system\/services\/signet:http\/proxy(\S+) \| grep (\S+)$/,
    instead: "the same page, from Signet's process",
    play: async ({ cluster }, [, path = '', word = '']) => linesWith(await (await cluster.signet().get(path)).text(), word),
  },
];

/** Commands that only look: what they show may take a moment to be so. */
const LOOKS = /^(kubectl get|kubectl logs|signet (signers|bundle)) /;

describe('the README of examples/istio-multi-tenant', () => {
  let stage: Stage;
  const parts: AsyncDisposable[] = [];
  before(async () => {
    stage = await setTheStage(parts);
  });
  after(async () => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
  });

  for (const step of readSteps()) {
    it(`${step.section}: ${step.commands.split('\n')[0]}`, async () => {
      await perform(step, stage);
    });
  }
});

