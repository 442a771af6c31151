// Two thousand namespaces and five hundred issuers of cert-manager: how long Signet takes to start, what it holds, and what one issuer more costs.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { secretFiles, testRoot, type TestAuthority } from '../support/authority.ts';
import { openRequests, type Csr, type IssuerRequests } from '../support/issuer-requests.ts';
import { testKey } from '../support/keys.ts';
import { commonName, dns } from '../support/requests.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { caIssuer, certManagerNamespace, prepareCertManager } from '../support/rig/cert-manager.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';

const NAMESPACES = 2_000;
const CLUSTER_ISSUERS = 100;
const ISSUERS = 400;
/** Every hundredth namespace has its Issuers served. */
const LISTED = Array.from({ length: 20 }, (_, i) => tenant(i * 100));
/** Whoever makes a thousand objects at once waits for them, not for the API server's fairness. */
const AT_ONCE = 20;
/** A few keys for all: issuers that Signet finds are not compared with each other. */
const KEYS = 8;
const GROUP = '/apis/cert-manager.io/v1';
/** What was promised is 3 s. A test that runs beside others on two cores allows three times that, and prints what it was. */
const START_MS = 3_000 * 3;

type Place = { readonly name: string; readonly namespace?: string };

describe(`${CLUSTER_ISSUERS + ISSUERS} issuers of cert-manager among ${NAMESPACES} namespaces`, () => {
  let plane: ControlPlane;
  let signet: SignetProcess;
  let requests: IssuerRequests;
  const cas = Array.from({ length: KEYS }, (_, i) => testRoot({ name: `ca ${i}`, key: testKey('P-256', `scale ${i}`), ...validity() }));
  const places: readonly Place[] = [
    ...Array.from({ length: CLUSTER_ISSUERS }, (_, i) => ({ name: `cluster-${i}` })),
    ...Array.from({ length: ISSUERS }, (_, i) => ({ name: `issuer-${i}`, namespace: LISTED[i % LISTED.length]! })),
  ];

  before(async () => {
    plane = await startControlPlane({ audit: true });
    await plane.namespaces(certManagerNamespace);
    await prepareCertManager({ controlPlane: plane, controllers: [] });
    await each(Array.from({ length: NAMESPACES }, (_, i) => i), async (i) => {
      await plane.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: tenant(i) } });
    });
    await each(places, async (place, i) => add(place, caOf(i)));
    requests = await openRequests(plane);
    signet = await startSignet({ controlPlane: plane, config: config() });
    await signet.ready();
  });
  after(async () => {
    await signet?.stop();
    await plane?.[Symbol.asyncDispose]();
  });

  it('is ready within seconds of its start, answers for the last of them at once, and knows all soon after', async (t) => {
    await signet.stop();
    const before = (await callsOfSignet()).length;
    const started = performance.now();
    await signet.start();
    await signet.ready();
    const readyAfter = performance.now() - started;
    const last = places.length - 1;
    const answered = await decided(signerOf(places[last]!));
    const answeredAfter = performance.now() - started;
    assert.ok(requests.chain(answered)[0]?.verify(keyOf(caOf(last))));

    await untilReady(places.length);
    const allAfter = performance.now() - started;
    const calls = (await callsOfSignet()).slice(before);
    const asked = performance.now();
    await signet.metrics();
    const scrapeAfter = performance.now() - asked;
    const { rss, peak } = await memory(signet);
    t.diagnostic(`start to ready ${ms(readyAfter)}, the first certificate ${ms(answeredAfter)}, all CAs read ${ms(allAfter)}; ${calls.length} API calls; a scrape of the metrics ${ms(scrapeAfter)}; RSS ${rss} MiB, at most ${peak} MiB`);
    assert.ok(readyAfter < START_MS, `${ms(readyAfter)}, more than ${ms(START_MS)}`);
    assert.ok(calls.filter(({ uri }) => uri.includes('/secrets/')).length <= places.length + 2, 'each Secret is read once');
    assert.equal(calls.filter(ofIssuers).length, 2, 'one watch of each kind, not one of each namespace');
  });

  it('serves one issuer more within two seconds, and reads nothing for it but its Secret', async (t) => {
    const place = { name: 'one-more', namespace: LISTED[7]! };
    const before = (await callsOfSignet()).length;
    await add(place, caOf(0));
    const added = performance.now();
    const done = await decided(signerOf(place));
    const servedAfter = performance.now() - added;
    assert.ok(requests.chain(done)[0]?.verify(keyOf(caOf(0))));
    await untilReady(places.length + 1);

    const calls = (await callsOfSignet()).slice(before);
    t.diagnostic(`served after ${ms(servedAfter)}, with ${calls.length} API calls: ${[...new Set(calls.map(({ verb, uri }) => `${verb} ${resourceOf(uri)}`))].join(', ')}`);
    assert.ok(servedAfter < 2_000, ms(servedAfter));
    assert.deepEqual(calls.filter(ofIssuers), [], 'no list and no new watch');
    const secrets = calls.filter(({ uri }) => uri.includes('/secrets'));
    assert.deepEqual(new Set(secrets.map(({ verb, uri }) => `${verb} ${uri}`)), new Set([`get /api/v1/namespaces/${place.namespace}/secrets/${place.name}`]));
    assert.ok(secrets.length <= 2, `${secrets.length} reads of one Secret`);
  });

  it('answers no more for one that is deleted, and goes on for another', async () => {
    const place = places[CLUSTER_ISSUERS]!;
    assert.ok((await decided(signerOf(place))).status?.certificate !== undefined);
    await plane.api.delete(`${GROUP}/namespaces/${place.namespace}/issuers/${place.name}`);
    await untilReady(places.length);
    const csr = await approved(signerOf(place));
    await requests.told(csr, 'IssuerNotFound');
    assert.equal((await requests.read(csr)).status?.certificate, undefined);
    assert.ok((await decided(signerOf(places[CLUSTER_ISSUERS + 1]!))).status?.certificate !== undefined);
    assert.doesNotMatch(await signet.metrics(), /^signet_bugs_total/m);
  });

  async function add({ name, namespace }: Place, ca: TestAuthority): Promise<void> {
    const files = secretFiles(ca);
    const [secret, issuer] = caIssuer({ name, ...(namespace === undefined ? {} : { namespace }), certificatePem: files['tls.crt'].toString(), keyPem: files['tls.key'].toString() });
    await plane.api.create(secret!);
    await plane.api.create(issuer!);
    const path = namespace === undefined ? `${GROUP}/clusterissuers/${name}` : `${GROUP}/namespaces/${namespace}/issuers/${name}`;
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'KeyPairVerified' }] };
    await plane.api.call('PATCH', `${path}/status`, { status }, 'application/merge-patch+json');
  }

  async function approved(signer: string): Promise<Csr> {
    const csr = await requests.make({ signer, shape: { key: 'P-256', subject: commonName('jo'), names: [dns('a.example')] } });
    await requests.approve(csr);
    return csr;
  }

  async function decided(signer: string): Promise<Csr> {
    return requests.decided(await approved(signer));
  }

  /** Until the metrics have so many CAs that are ready. */
  async function untilReady(count: number): Promise<void> {
    const ready = async (): Promise<number> => (await signet.metrics()).split('\n').filter((line) => /^signet_ca_ready\{.*\} 1$/.test(line)).length;
    await until(async () => (await ready()) === count, { what: `${count} CAs to be ready`, process: signet.process });
  }

  /** Everything that Signet has asked the API server for, a watch once. */
  async function callsOfSignet(): Promise<{ verb: string; uri: string }[]> {
    const events = await plane.auditEvents();
    return events
      .filter(({ user, verb, stage }) => user.username === 'system:serviceaccount:signet-system:signet' && (verb !== 'watch' || stage === 'ResponseStarted'))
      .map(({ verb, requestURI }) => ({ verb, uri: requestURI.replace(/\?.*$/, '') }));
  }

  function caOf(i: number): TestAuthority {
    return cas[i % KEYS]!;
  }
});

function config(): string {
  return `signers: []\ndiscover: { certManager: { allow: approved, namespaces: [${LISTED.join(', ')}] } }\nhttp: { address: "127.0.0.1:0" }\n`;
}

async function each<T>(items: readonly T[], work: (item: T, i: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [i, item] of queue) await work(item, i);
  }));
}

async function memory(signet: SignetProcess): Promise<{ rss: string; peak: string }> {
  const status = await readFile(`/proc/${await signet.process.pid()}/status`, 'utf8');
  const of = (field: string): string => (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024).toFixed(0);
  return { rss: of('VmRSS'), peak: of('VmHWM') };
}

function ofIssuers({ uri }: { uri: string }): boolean {
  return uri.startsWith(`${GROUP}/`);
}

/** `secrets` of a path, whatever it is of. */
function resourceOf(uri: string): string {
  return uri.split('/').find((part) => /^(secrets|events|subjectaccessreviews|certificatesigningrequests|clusterissuers|issuers)$/.test(part)) ?? uri;
}

function signerOf({ name, namespace }: Place): string {
  return namespace === undefined ? `clusterissuers.cert-manager.io/${name}` : `issuers.cert-manager.io/${namespace}.${name}`;
}

function keyOf({ certificate }: TestAuthority): X509Certificate['publicKey'] {
  return new X509Certificate(certificate.der).publicKey;
}

function tenant(i: number): string {
  return `tenant-${String(i).padStart(4, '0')}`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3650 * 86_400_000) };
}
