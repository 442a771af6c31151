import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { runCli } from '../../src/cli/cli.ts';
import { parseConfig, type Config } from '../../src/config.ts';
import { rbacObjects } from '../../src/config/rbac.ts';
import { cachedProgram, cacheFolder, isProgram } from '../controlplane/cache.ts';
import { findInstalled } from '../controlplane/installed.ts';
import { parts } from '../controlplane/parts.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFESTS = join(ROOT, 'manifests');
const INSTALLATIONS = ['base', ...readdirSync(join(MANIFESTS, 'overlays')).map((name) => `overlays/${name}`)];

/** As far as these tests look into objects of every kind. */
type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly data?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  readonly rules?: readonly unknown[];
};

let kubectl: string | null = null;
before(async () => {
  // Not built for these tests alone: that takes minutes, and `npm run check` should not.
  const { found } = await findInstalled(parts.kubectl, process.env);
  const cached = cachedProgram(cacheFolder(process.env), parts.kubectl);
  kubectl = found?.path ?? ((await isProgram(cached)) ? cached : null);
});

for (const installation of INSTALLATIONS) {
  test(`${installation}: rbac.yaml is what "signet rbac" prints for its configuration`, async () => {
    const file = readFileSync(join(MANIFESTS, installation, 'rbac.yaml'), 'utf8');
    assert.equal(file.replace(/^(#.*\n)+/, ''), await signet('rbac', '-c', configFile(installation)), `run: signet rbac -c config/signet.yaml > rbac.yaml in manifests/${installation}`);
  });

  test(`${installation}: what is applied grants what "signet rbac" asks for, object by object, and nothing else`, (context) => {
    const objects = build(installation, context);
    if (objects === null) return;
    const granted = objects.filter(({ apiVersion }) => apiVersion.startsWith('rbac.authorization.k8s.io/'));
    const asked = rbacObjects(config(installation)) as unknown as Manifest[];
    assert.deepEqual(granted.map(identity).sort(), asked.map(identity).sort());
    for (const object of asked) assert.deepEqual(granted.find((each) => identity(each) === identity(object)), object);
  });

  test(`${installation}: the program runs its configuration, hardened, and is probed where it listens`, (context) => {
    const objects = build(installation, context);
    if (objects === null) return;
    const { host, port } = config(installation).http;
    assert.equal(host, '');
    const [generated] = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && /^signet-[a-z0-9]{10}$/.test(metadata.name));
    assert.equal(generated?.data?.['signet.yaml'], readFileSync(configFile(installation), 'utf8'));

    const pod: Pod = podOf(objects);
    const [container, ...others] = pod.containers;
    assert.ok(container !== undefined && others.length === 0);
    assert.deepEqual(pod.volumes, [{ name: 'config', configMap: { name: generated.metadata.name } }]);
    assert.deepEqual(container.volumeMounts, [{ name: 'config', mountPath: '/etc/signet', readOnly: true }]);
    assert.deepEqual(container.ports, [{ name: 'http', containerPort: port }]);
    assert.equal(container.livenessProbe.httpGet.path, '/livez');
    assert.equal(container.readinessProbe.httpGet.path, '/readyz');
    assert.deepEqual(weaknesses(pod), []);
  });

  test(`${installation}: everything is called signet and says whose it is`, (context) => {
    const objects = build(installation, context);
    if (objects === null) return;
    for (const { kind, metadata } of objects) {
      assert.equal(metadata.labels?.['app.kubernetes.io/name'], 'signet', `${kind} ${metadata.name}`);
      assert.equal(metadata.labels['app.kubernetes.io/managed-by'], 'signet', `${kind} ${metadata.name}`);
      assert.match(metadata.name, /^signet(-system|-mesh|-[a-z0-9]{10})?$/);
    }
    assert.equal(new Set(objects.map(identity)).size, objects.length);
  });

  test(`${installation}: the ConfigMap it publishes to comes along, empty, so that applying again takes nothing away`, (context) => {
    const objects = build(installation, context);
    if (objects === null) return;
    const { meshConfig } = config(installation).publish;
    const targets = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.namespace !== 'signet-system');
    assert.deepEqual(targets.map(({ metadata: { namespace, name }, data }) => ({ namespace, name, data })), meshConfig === null ? [] : [{ ...meshConfig, data: undefined }]);
  });
}

test('every one of the hardening rules is missed when it is taken out', (context) => {
  const objects = build('base', context);
  if (objects === null) return;
  const spoil: ((pod: Pod) => void)[] = [
    (pod) => delete pod.securityContext.runAsNonRoot,
    (pod) => (pod.securityContext.runAsUser = 0),
    (pod) => delete pod.securityContext.seccompProfile,
    (pod) => (pod.hostNetwork = true),
    (pod) => delete pod.containers[0]?.securityContext.allowPrivilegeEscalation,
    (pod) => delete pod.containers[0]?.securityContext.readOnlyRootFilesystem,
    (pod) => delete pod.containers[0]?.securityContext.capabilities,
    (pod) => (pod.containers[0]!.securityContext.privileged = true),
    (pod) => delete pod.containers[0]?.resources.requests,
    (pod) => delete pod.containers[0]?.resources.limits,
  ];
  assert.deepEqual(weaknesses(podOf(objects)), []);
  for (const change of spoil) {
    const pod: Pod = structuredClone(podOf(objects));
    change(pod);
    assert.equal(weaknesses(pod).length, 1, change.toString());
  }
});

test('a changed configuration is another ConfigMap, and so a rollout', (context) => {
  const before = build('base', context);
  if (before === null) return;
  const copy = mkdtempSync(join(tmpdir(), 'signet-manifests-'));
  try {
    cpSync(MANIFESTS, copy, { recursive: true });
    writeFileSync(join(copy, 'base/config/signet.yaml'), 'signers: []\nhttp: { address: ":9402" }\n');
    assert.notDeepEqual(podOf(build('base', context, copy) ?? []).volumes, podOf(before).volumes);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test('monitoring is told the port and the path that are served', (context) => {
  const objects = build('overlays/istio-multi-tenant', context);
  if (objects === null) return;
  const service = objects.find(({ kind }) => kind === 'Service');
  assert.deepEqual(service?.metadata.annotations, { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9402', 'prometheus.io/path': '/metrics' });
});

test('the image is a pinned Node 24 and one program, run by a user without rights', () => {
  const lines = readFileSync(join(MANIFESTS, 'image/Dockerfile'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const instruction = (name: string) => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  assert.match(instruction('FROM').join(), /^node:24\.\d+\.\d+-\w+\d/);
  assert.equal(instruction('COPY').length, 1);
  assert.deepEqual(instruction('USER'), ['65532:65532']);
  assert.match(instruction('ENTRYPOINT').join(), /^\["[^"]*\/node", ".*\/signet\.cjs"\]$/);
  assert.deepEqual(instruction('RUN'), []);
});

test('the Deployment and the README name the version that is in package.json', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.match(readFileSync(join(MANIFESTS, 'program/deployment.yaml'), 'utf8'), new RegExp(`image: signet:${version.replaceAll('.', '\\.')}$`, 'm'));
  for (const [, found] of readFileSync(join(MANIFESTS, 'README.md'), 'utf8').matchAll(/signet:(\d[\w.-]*)/g)) assert.equal(found, version);
});

type Pod = {
  containers: {
    securityContext: { allowPrivilegeEscalation?: boolean; readOnlyRootFilesystem?: boolean; privileged?: boolean; capabilities?: { drop?: string[]; add?: string[] } };
    resources: { requests?: { cpu?: string; memory?: string }; limits?: { memory?: string } };
    ports: object[];
    volumeMounts: object[];
    livenessProbe: { httpGet: { path: string } };
    readinessProbe: { httpGet: { path: string } };
  }[];
  securityContext: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
  volumes: object[];
  hostNetwork?: boolean;
  hostPID?: boolean;
};

/** The "restricted" Pod Security Standard as far as it applies, a read-only root, and resources. */
function weaknesses({ containers, securityContext, hostNetwork, hostPID }: Pod): string[] {
  const rules: [string, boolean][] = [
    ['may run as root', securityContext.runAsNonRoot === true],
    ['another user than 65532', securityContext.runAsUser === 65532],
    ['no seccomp profile', securityContext.seccompProfile?.type === 'RuntimeDefault'],
    ['shares namespaces of the node', hostNetwork !== true && hostPID !== true],
    ...containers.flatMap(({ securityContext: own, resources }): [string, boolean][] => [
      ['may gain privileges', own.allowPrivilegeEscalation === false],
      ['may write its root', own.readOnlyRootFilesystem === true],
      ['keeps capabilities', own.capabilities?.drop?.includes('ALL') === true && own.capabilities.add === undefined],
      ['is privileged', own.privileged !== true],
      ['requests nothing', resources.requests?.cpu !== undefined && resources.requests.memory !== undefined],
      ['has no limit of memory', resources.limits?.memory !== undefined],
    ]),
  ];
  return rules.filter(([, holds]) => !holds).map(([weakness]) => weakness);
}

/** null, with the test skipped, where there is no kubectl. */
function build(installation: string, context: { skip(reason: string): void }, manifests = MANIFESTS): Manifest[] | null {
  if (kubectl === null) {
    context.skip('there is no kubectl: install one, or run "npm run controlplane"');
    return null;
  }
  const text = execFileSync(kubectl, ['kustomize', join(manifests, installation)], { encoding: 'utf8' });
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function podOf(objects: readonly Manifest[]): Pod {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  assert.equal(deployments.length, 1);
  return (deployments[0]?.spec?.['template'] as { spec: Pod }).spec;
}

function identity({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function configFile(installation: string): string {
  const { configMapGenerator } = parse(readFileSync(join(MANIFESTS, installation, 'kustomization.yaml'), 'utf8')) as { configMapGenerator: { files: string[] }[] };
  const file = join(MANIFESTS, installation, configMapGenerator[0]?.files[0] ?? '');
  assert.ok(existsSync(file));
  return file;
}

function config(installation: string): Config {
  const parsed = parseConfig(readFileSync(configFile(installation), 'utf8'));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}

async function signet(...argv: string[]): Promise<string> {
  let text = '';
  const stream = { isTTY: false, write: (part: string) => void (text += part) };
  assert.equal(await runCli(argv, { env: {}, stdout: stream, stderr: stream, now: () => new Date(), signal: new AbortController().signal }), 0, text);
  return text;
}
