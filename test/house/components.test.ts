// The components that are off by default: what they say agrees with the program, and they fit onto an installation.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { yamlText } from '../../src/cli/output.ts';
import { parseConfig, type Config } from '../../src/config.ts';
import { guardObjects } from '../../src/config/guard.ts';
import { rbacObjects } from '../../src/config/rbac.ts';
import { cachedProgram, cacheFolder, isProgram } from '../controlplane/cache.ts';
import { findInstalled } from '../controlplane/installed.ts';
import { parts } from '../controlplane/parts.ts';

const MANIFESTS = join(import.meta.dirname, '../../manifests');
const OVERLAY = 'overlays/istio-multi-tenant';

type Manifest = { readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }; readonly spec?: Record<string, unknown>; readonly webhooks?: readonly Webhook[]; readonly rules?: readonly unknown[]; readonly subjects?: readonly unknown[] };
type Webhook = { readonly name: string; readonly failurePolicy: string; readonly timeoutSeconds: number; readonly sideEffects: string; readonly matchConditions: readonly { name: string; expression: string }[]; readonly clientConfig: { readonly service: { name: string; namespace: string; port: number; path: string } } };
type Port = { readonly name: string; readonly port: number; readonly targetPort: string };

let kubectl: string | null = null;
before(async () => {
  const { found } = await findInstalled(parts.kubectl, process.env);
  const cached = cachedProgram(cacheFolder(process.env), parts.kubectl);
  kubectl = found?.path ?? ((await isProgram(cached)) ? cached : null);
});

test('guard.yaml is what "signet guard" prints for the configuration that it is made for', () => {
  const file = readFileSync(join(MANIFESTS, 'components/guard/guard.yaml'), 'utf8');
  assert.equal(file.replace(/^(#.*\n)+/, ''), yamlText(...guardObjects(config())), 'run: signet guard -c ../../overlays/istio-multi-tenant/config/signet.yaml > guard.yaml in manifests/components/guard');
});

test('the webhook is asked about nothing until Signet says so, for a second at most, and is never a reason to fail', () => {
  const { webhooks = [] } = parse(readFileSync(join(MANIFESTS, 'components/webhook/validatingwebhookconfiguration.yaml'), 'utf8')) as Manifest;
  assert.deepEqual(
    webhooks.map(({ name, failurePolicy, timeoutSeconds, sideEffects, matchConditions }) => ({ name, failurePolicy, timeoutSeconds, sideEffects, matchConditions })),
    [{ name: 'requests.signet.dev', failurePolicy: 'Ignore', timeoutSeconds: 1, sideEffects: 'NoneOnDryRun', matchConditions: [{ name: 'served', expression: 'false' }] }],
  );
});

test('both fit onto an installation: the webhook is reached at the port where it listens by default, and everything says whose it is', (context) => {
  const objects = build(['guard', 'webhook'], context);
  if (objects === null) return;
  const plain = build([], context) ?? [];
  const added = objects.filter((each) => !plain.some((other) => identity(other) === identity(each)));
  assert.deepEqual(added.map(identity).sort(), ['ValidatingAdmissionPolicy /signet', 'ValidatingAdmissionPolicyBinding /signet', 'ValidatingWebhookConfiguration /signet']);
  for (const { metadata } of added) assert.deepEqual(metadata.labels, { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' });

  const service = of(objects, 'Service');
  const [webhook] = of(objects, 'ValidatingWebhookConfiguration').webhooks ?? [];
  assert.deepEqual(webhook?.clientConfig.service, { namespace: service.metadata.namespace, name: service.metadata.name, port: 443, path: '/review' });
  const port = (service.spec?.['ports'] as Port[]).find((each) => each.port === 443);
  const pod = (of(objects, 'Deployment').spec?.['template'] as { spec: { containers: { ports: { name: string; containerPort: number }[] }[] } }).spec;
  const container = pod.containers[0]?.ports.find(({ name }) => name === port?.targetPort);
  assert.equal(container?.containerPort, config('webhook: {}\n').webhook?.port);
  assert.equal(config().webhook, null);
});

test('the webhook takes the right to write that one configuration and its own Secret, and without it there is neither', () => {
  const rules = (more: string) => rbacObjects(config(more)).flatMap((object) => ('rules' in object ? object.rules : []));
  const names = (more: string, resource: string) => rules(more).filter(({ resources }) => resources.includes(resource)).map(({ resourceNames, verbs }) => [resourceNames, verbs]);
  assert.deepEqual(names('webhook: {}\n', 'validatingwebhookconfigurations'), [[['signet'], ['get', 'list', 'watch', 'patch']]]);
  assert.deepEqual(names('', 'validatingwebhookconfigurations'), []);
  assert.equal(JSON.stringify(names('webhook: {}\n', 'secrets')).includes('"signet-webhook"'), true);
  assert.equal(JSON.stringify(names('', 'secrets')).includes('signet-webhook'), false);
});

test('the right to sign for whatever issuers cert-manager has comes with one component, for the account that Signet runs as, and is there in no other way', (context) => {
  const objects = build(['cert-manager'], context);
  if (objects === null) return;
  const plain = build([], context) ?? [];
  const added = objects.filter((each) => !plain.some((other) => identity(other) === identity(each)));
  assert.deepEqual(added.map(identity).sort(), ['ClusterRole /signet-cert-manager', 'ClusterRoleBinding /signet-cert-manager']);
  assert.deepEqual(of(added, 'ClusterRole').rules, [{ apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['clusterissuers.cert-manager.io/*', 'issuers.cert-manager.io/*'], verbs: ['sign'] }]);
  assert.deepEqual(of(added, 'ClusterRoleBinding').subjects, of(plain, 'ClusterRoleBinding').subjects);
  assert.doesNotMatch(JSON.stringify(plain.map(({ rules }) => rules)), /\*/);
});

/** The overlay with these components; null, with the test skipped, where there is no kubectl. */
function build(components: readonly string[], context: { skip(reason: string): void }): Manifest[] | null {
  if (kubectl === null) {
    context.skip('there is no kubectl: install one, or run "npm run controlplane"');
    return null;
  }
  const copy = mkdtempSync(join(tmpdir(), 'signet-components-'));
  try {
    cpSync(MANIFESTS, join(copy, 'manifests'), { recursive: true });
    mkdirSync(join(copy, 'mine'));
    const kustomization = { resources: [`../manifests/${OVERLAY}`], components: components.map((name) => `../manifests/components/${name}`) };
    writeFileSync(join(copy, 'mine/kustomization.yaml'), JSON.stringify(kustomization));
    const text = execFileSync(kubectl, ['kustomize', join(copy, 'mine')], { encoding: 'utf8' });
    return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function of(objects: readonly Manifest[], kind: string): Manifest {
  const found = objects.find((each) => each.kind === kind);
  assert.ok(found !== undefined, `there is no ${kind}`);
  return found;
}

function identity({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function config(more = ''): Config {
  const parsed = parseConfig(readFileSync(join(MANIFESTS, OVERLAY, 'config/signet.yaml'), 'utf8') + more);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}
