// The same requests through the running process, by the API, and through `signet explain`, from files: one policy must not have two answers.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Report } from '../../src/cli/explain/report.ts';
import { extendedKeyUsages, keyUsageBits, type Usage } from '../../src/core/usage.ts';
import { connectTo, type Client } from '../contract/client.ts';
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { commandLine } from '../support/command-line.ts';
import { seeded } from '../support/der/random.ts';
import { ISTIOD } from '../support/requests.ts';
import type { KubernetesObject } from '../support/rig/api.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';
import { certificateFacts } from './generated/certificate-facts.ts';
import { CONFIG, generatedRequests, userOf, type Generated } from './generated/requests.ts';

const WANTED = Number(process.env['SIGNET_GENERATED'] ?? 5_000);
const SEED = Number(process.env['SIGNET_SEED'] ?? 20_261);
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CALLERS = 16;

type Csr = { metadata: { name: string; annotations?: Record<string, string> }; spec: object; status?: { conditions?: { type: string; reason: string; message: string }[]; certificate?: string } };
type Asked = { readonly generated: Generated; readonly name: string; readonly file: string };

let plane: ControlPlane;
let signet: SignetProcess;
let client: Client;
let configFile = '';

before(async () => {
  plane = await startControlPlane();
  const signers = ['foo', 'bar', 'shop', 'registry', 'mesh'];
  await plane.namespaces('cas');
  await plane.api.apply(...signers.map((name) => caSecret(name, testRoot({ name, ...validNow() }), 'cas')), ...rights(signers));
  signet = await startSignet({ controlPlane: plane, config: CONFIG });
  await signet.ready();
  client = connectTo({ url: plane.url, ca: plane.caPem, adminToken: plane.adminToken, forget: () => Promise.reject(new Error('not here')), stop: () => Promise.resolve() });
  configFile = join(plane.dir, 'signet.yaml');
  await writeFile(configFile, CONFIG);
});
after(async () => {
  await client?.[Symbol.asyncDispose]();
  await signet?.[Symbol.asyncDispose]();
  await plane?.[Symbol.asyncDispose]();
});

test(`${WANTED} generated requests have one answer each, from the process and from "explain": verdict, violations, certificate`, async (context) => {
  const { asked, invalid } = await askAll();
  const found = await decided();
  const counts = { issued: 0, refused: 0 };
  const reasons = new Map<string, number>();
  for (const each of asked) {
    const csr = found.get(each.name);
    assert.ok(csr !== undefined, each.name);
    const { code, stdout, stderr } = await commandLine(['explain', '-c', configFile, '-f', each.file, '-o', 'json']);
    assert.notEqual(stdout, '', stderr);
    const report = JSON.parse(stdout) as Report;
    const refusal = csr.status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    const about = `seed ${SEED}, ${each.name}: ${each.generated.how}`;
    if (refusal === undefined) {
      assert.deepEqual({ code, ...said(report) }, { code: 0, ...issued(csr) }, about);
      counts.issued += 1;
    } else {
      const { verdict, reason, message, certificate } = report;
      assert.deepEqual({ code, verdict, reason, message, certificate }, { code: 1, verdict: 'refused', reason: refusal.reason, message: refusal.message, certificate: null }, about);
      counts.refused += 1;
      for (const { rule } of report.violations) reasons.set(rule ?? refusal.reason, (reasons.get(rule ?? refusal.reason) ?? 0) + 1);
    }
  }
  context.diagnostic(`seed ${SEED}: ${counts.issued} issued, ${counts.refused} refused (${[...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ')}); ${invalid} more the API server did not take`);
  assert.ok(Math.min(counts.issued, counts.refused) >= 0.3 * WANTED, JSON.stringify(counts));

  // The program itself, from the same files, for a few: the rest ran its code in this process.
  for (const { name, file } of asked.filter((_, index) => index % Math.ceil(asked.length / 10) === 0)) {
    const { code, output } = await signet.cli('explain', '-f', file, '-o', 'json');
    const again = await commandLine(['explain', '-c', configFile, '-f', file, '-o', 'json']);
    const timeless = (text: string): unknown => JSON.parse(text, (key, value: unknown) => (key === 'notBefore' || key === 'notAfter' ? undefined : value));
    assert.deepEqual({ code, output: timeless(output) }, { code: again.code, output: timeless(again.stdout) }, name);
  }
});

/** Creates them, and has those approved that wait for somebody; what the API server itself refuses does not count. */
async function askAll(): Promise<{ asked: Asked[]; invalid: number }> {
  const requests = generatedRequests(seeded(SEED));
  const folder = join(plane.dir, 'requests');
  await mkdir(folder);
  const asked: Asked[] = [];
  let [started, invalid] = [0, 0];
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (started < WANTED) {
      const name = `generated-${started++}`;
      for (;;) {
        const generated = requests.next().value;
        const { as, signerName, pem, usages, expirationSeconds, annotations } = generated;
        const { status, body } = await client.call('POST', CSRS, { as, body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name, annotations }, spec: { signerName, usages, expirationSeconds, request: Buffer.from(pem).toString('base64') } } });
        if (status === 422) {
          invalid += 1;
          continue;
        }
        assert.equal(status, 201, JSON.stringify(body));
        const file = join(folder, `${name}.json`);
        await writeFile(file, JSON.stringify(body));
        asked.push({ generated, name, file });
        await approve(generated, body as Csr);
        break;
      }
    }
  }));
  return { asked, invalid };
}

async function approve({ as, signerName }: Generated, csr: Csr): Promise<void> {
  const approver = as.user === ISTIOD ? as : signerName.endsWith('/registry') ? userOf('approver') : null;
  if (approver === null) return;
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'as a test' }];
  const { status, body } = await client.call('PUT', `${CSRS}/${csr.metadata.name}/approval`, { as: approver, body: { ...csr, status: { conditions } } });
  assert.equal(status, 200, JSON.stringify(body));
}

/** All requests, by name, once each is decided. */
async function decided(): Promise<Map<string, Csr>> {
  return until(async () => {
    const all = new Map<string, Csr>();
    let next = '';
    do {
      const { body } = await client.call('GET', `${CSRS}?limit=500${next === '' ? '' : `&continue=${next}`}`);
      const { items, metadata } = body as unknown as { items: Csr[]; metadata: { continue?: string } };
      for (const item of items) all.set(item.metadata.name, item);
      next = metadata.continue ?? '';
    } while (next !== '');
    const open = [...all.values()].filter(({ status }) => status?.certificate === undefined && !status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed'));
    return open.length === 0 && all;
  }, { what: 'every request to be decided', seconds: 120, process: signet.process });
}

function issued(csr: Csr): object {
  const facts = certificateFacts(Buffer.from(csr.status?.certificate ?? '', 'base64').toString());
  return { verdict: 'allowed', reason: 'PolicyAllowed', policy: csr.metadata.annotations?.['signet.dev/policy'], ...facts };
}

/** What `explain` says of the certificate, in the terms of a certificate. */
function said({ verdict, reason, certificate }: Report): object {
  if (certificate === null) return { verdict, reason, certificate };
  const { subject, names, keySha256, keyUsage, extendedKeyUsage, ca, notBefore, notAfter, policy } = certificate;
  return { verdict, reason, policy, subject, names, keySha256, keyUsage: keyUsageBits(keyUsage as Usage[]), extendedKeyUsage: extendedKeyUsages(extendedKeyUsage as Usage[]), ca, seconds: Math.floor(Date.parse(notAfter) / 1000) - Math.floor(Date.parse(notBefore) / 1000) };
}

/** Anybody may ask; istiod and one more user may approve. */
function rights(signers: readonly string[]): KubernetesObject[] {
  const [group, apiGroups] = ['rbac.authorization.k8s.io', ['certificates.k8s.io']];
  const role = (name: string, rules: object[], subjects: object[]): KubernetesObject[] => [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: group, kind: 'ClusterRole', name }, subjects },
  ];
  const approving = [{ apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] }, { apiGroups, resources: ['signers'], resourceNames: signers.map((name) => `signers.example.test/${name}`), verbs: ['approve'] }];
  return [
    ...role('askers', [{ apiGroups, resources: ['certificatesigningrequests'], verbs: ['create'] }], [{ kind: 'Group', apiGroup: group, name: 'system:authenticated' }]),
    ...role('approvers', approving, [ISTIOD, 'approver'].map((name) => ({ kind: 'User', apiGroup: group, name }))),
  ];
}
