// Runs what docs/explain.md tells a reader to type, and compares what is printed with what it shows. The cluster of its second part is the sandbox.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { Report } from '../../src/cli/explain/report.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { connectTo } from '../contract/client.ts';
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { commandLine } from '../support/command-line.ts';
import { agrees, steps } from '../support/markdown.ts';
import { ISTIOD, csrPem, spiffe } from '../support/requests.ts';

const document = await readFile(join(import.meta.dirname, '../../docs/explain.md'), 'utf8');
const walked = steps(document);
const REQUEST = csrPem({ names: [spiffe('bar', 'httpbin')] });
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

describe('docs/explain.md', () => {
  let folder: string;
  let sandbox: Sandbox;
  let env: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signet-document-'));
    for (const { name, text } of walked.flatMap(({ files }) => files)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'csr.pem'), REQUEST);
    sandbox = await startSandbox();
    await furnish();
    env = { KUBECONFIG: join(folder, 'kubeconfig') };
    await writeFile(env['KUBECONFIG'] ?? '', sandbox.kubeconfig());
  });
  after(async () => {
    await sandbox?.stop();
    await rm(folder, { recursive: true });
  });

  for (const { commands, output, line } of walked) {
    it(`line ${line}: ${commands}`, async () => {
      const [program, ...argv] = commands.split(' ').map((word) => (/^(csr\.pem|[\w-]+\.yaml)$/.test(word) ? join(folder, word) : word));
      assert.equal(program, 'signet');
      const { stdout, stderr } = await commandLine(argv, { env });
      assert.equal(stderr, '');
      const printed = stdout.replaceAll(`${folder}/`, '');
      if (output !== null) assert.ok(agrees(output, printed), printed);
      else assert.match(printed, /^source:\n {2}kind: file\n/);
    });
  }

  it('has every key that is printed, and no other', async () => {
    const { stdout } = await commandLine(['explain', '-c', join(folder, 'signet.yaml'), '-f', join(folder, 'csr.pem'), '--signer', 'foo', '--as', ISTIOD, '-o', 'yaml']);
    const rows = [...document.slice(document.indexOf('| key | meaning |')).matchAll(/^\| (`\w+`(?:, `\w+`)*) \| (.*) \|$/gm)].map(([, keys = '', meaning = '']) => [[...keys.matchAll(/\w+/g)].map(([key]) => key), meaning] as const);
    const told = rows.slice(0, rows.findIndex(([keys]) => keys.includes('notes')) + 1);
    const report = parse(stdout) as Report;
    assert.deepEqual(told.flatMap(([keys]) => [...keys]).sort(), Object.keys(report).sort());
    for (const [keys, meaning] of told) {
      const [key = ''] = keys;
      const value = (report as unknown as Record<string, unknown>)[key];
      const inner: unknown = Array.isArray(value) ? value[0] : value;
      const expected = typeof inner === 'object' && inner !== null ? Object.keys(inner) : [];
      for (const each of expected) assert.ok(meaning.includes(`\`${each}\``), `${key}.${each}`);
    }
  });

  async function furnish(): Promise<void> {
    const client = connectTo({ url: sandbox.url, ca: sandbox.ca, adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }), forget: () => Promise.resolve(), stop: () => Promise.resolve() });
    const post = async (path: string, body: object, as?: { user: string }): Promise<void> => {
      const { status, body: answer } = await client.call('POST', path, { body, ...(as === undefined ? {} : { as }) });
      assert.ok(status < 300, JSON.stringify(answer));
    };
    const object = (kind: string, metadata: object, rest: object = {}): object => ({ apiVersion: 'v1', kind, metadata, ...rest });
    for (const [name, labels] of [['cert-manager', {}], ['signet-system', {}], ['bar', { tenant: 'bar' }]] as const) await post('/api/v1/namespaces', object('Namespace', { name, labels }));
    for (const name of ['foo', 'bar']) await post('/api/v1/namespaces/cert-manager/secrets', caSecret(`${name}-ca`, testRoot({ name, ...validNow() }), 'cert-manager'));
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'istiod' } };
    await post('/apis/rbac.authorization.k8s.io/v1/clusterroles', { ...role, kind: 'ClusterRole', rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }] });
    await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { ...role, kind: 'ClusterRoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'istiod' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: ISTIOD }] });
    const spec = { signerName: 'clusterissuers.cert-manager.io/bar', usages: USAGES, expirationSeconds: 86_400, request: Buffer.from(REQUEST).toString('base64') };
    await post('/apis/certificates.k8s.io/v1/certificatesigningrequests', { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'csr-workload-x7f2p' }, spec }, { user: ISTIOD });
    await client[Symbol.asyncDispose]();
  }
});
