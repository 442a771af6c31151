import assert from 'node:assert/strict';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { loadPair } from '../../src/adapters/authorities/pair.ts';
import { readReview, reviewAnswer } from '../../src/adapters/webhook/review.ts';
import { startReviewServer, type ReviewServer } from '../../src/adapters/webhook/server.ts';
import { newCa, newServingCertificate } from '../../src/adapters/webhook/serving-certificate.ts';
import { Refusal } from '../../src/control/errors.ts';
import { csrPem, spiffe } from '../support/requests.ts';

const SIGNER = 'clusterissuers.cert-manager.io/foo';
const PEM = csrPem({ names: [spiffe('foo')] });
const OBJECT = {
  metadata: { name: 'csr-workload-x', generateName: 'csr-workload-', uid: 'object-uid', annotations: { 'experimental.cert-manager.io/request-duration': '1h', 'other.example/big': 'x' } },
  spec: { signerName: SIGNER, request: Buffer.from(PEM).toString('base64'), usages: ['client auth'], expirationSeconds: 600, username: 'somebody-else', groups: ['theirs'] },
};
const REVIEW = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'review-uid', operation: 'CREATE', resource: { group: 'certificates.k8s.io', version: 'v1', resource: 'certificatesigningrequests' }, userInfo: { username: 'alice', uid: '7', groups: ['pki'] }, object: OBJECT },
};

function read(change: Record<string, unknown>): ReturnType<typeof readReview> {
  return readReview(JSON.stringify({ ...REVIEW, request: { ...REVIEW.request, ...change } }));
}

test('a review is read as the request will be observed, asked for by whom the API server has authenticated', () => {
  assert.deepEqual(read({}), {
    uid: 'review-uid',
    dryRun: false,
    observed: {
      name: 'csr-workload-x',
      uid: 'object-uid',
      resourceVersion: '0',
      signerName: SIGNER,
      requester: { username: 'alice', uid: '7', groups: ['pki'] },
      request: Buffer.from(PEM),
      usages: ['client auth'],
      expirationSeconds: 600,
      annotations: { 'experimental.cert-manager.io/request-duration': '1h' },
      state: 'pending',
    },
  });
  assert.equal(read({ dryRun: true })?.dryRun, true);
  assert.equal(read({ object: { ...OBJECT, metadata: {} } })?.observed?.name, 'new');
});

test('anything but the creation of a CertificateSigningRequest is none of its business', () => {
  const others = [{ operation: 'UPDATE' }, { subResource: 'approval' }, { resource: { group: '', resource: 'secrets' } }, { resource: undefined }, { object: null }, { object: { metadata: {} } }];
  for (const other of others) assert.deepEqual(read(other), { uid: 'review-uid', dryRun: false, observed: null }, JSON.stringify(other));
});

test('what is no AdmissionReview of version v1 is not answered', () => {
  for (const body of ['', '{', 'null', '[]', '"x"', '{}', JSON.stringify({ ...REVIEW, apiVersion: 'admission.k8s.io/v1beta1' }), JSON.stringify({ ...REVIEW, kind: 'Pod' }), JSON.stringify({ ...REVIEW, request: {} }), JSON.stringify({ ...REVIEW, request: undefined })]) assert.equal(readReview(body), null, body);
});

test('the answer carries the uid that was asked, and of a refusal the whole reason', () => {
  assert.deepEqual(JSON.parse(reviewAnswer('u', { allowed: true })), { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u', allowed: true } });
  assert.deepEqual(JSON.parse(reviewAnswer('u', { allowed: false, reason: 'PolicyViolation', message: 'Cannot sign' })), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden', message: 'Cannot sign' }, auditAnnotations: { reason: 'PolicyViolation' } },
  });
});

test('the server takes a POST to /review and nothing else', async () => {
  await serving({}, async (ask) => {
    assert.deepEqual(await ask({}, 'question'), { status: 200, body: 'answer to question' });
    assert.equal((await ask({ path: '/review?timeout=1s' }, 'question')).status, 200);
    assert.equal((await ask({ path: '/' }, 'question')).status, 404);
    assert.equal((await ask({ method: 'GET' }, '')).status, 405);
    assert.equal((await ask({}, 'nonsense')).status, 400);
  });
});

test('a body over 512 KiB is refused, whether its length is told or not; one of just that is not', async () => {
  await serving({}, async (ask) => {
    const most = 'x'.repeat(512 * 1024);
    assert.equal((await ask({}, most)).status, 200);
    assert.equal((await ask({}, `${most}x`)).status, 413);
    assert.equal((await ask({ headers: { 'transfer-encoding': 'chunked' } }, `${most}x`)).status, 413);
    assert.equal((await ask({}, 'question')).status, 200);
  });
});

test('a bug is answered with 500, for the API server to go on without, and the next question is answered', async () => {
  const bugs: unknown[] = [];
  const review = (body: string): string => {
    if (body === 'trap') throw new Error('broken');
    return body;
  };
  await serving({ review, onBug: (error) => void bugs.push(error) }, async (ask) => {
    assert.equal((await ask({}, 'trap')).status, 500);
    assert.equal(bugs.length, 1);
    assert.equal((await ask({}, 'question')).status, 200);
  });
});

test('a client that leaves in the middle of its question, or takes too long for it, is no bug', async () => {
  const bugs: unknown[] = [];
  const server = await startReviewServer({ host: '127.0.0.1', port: 0, review: (body) => body, onBug: (error) => void bugs.push(error) });
  try {
    const { ca, certificate } = await certified();
    server.present(certificate);
    const half = (leave: boolean): Promise<unknown> => new Promise((resolve) => {
      const sent = httpsRequest({ host: server.address.host, port: server.address.port, path: '/review', method: 'POST', ca, agent: false, headers: { 'content-length': 1000 } }, (response) => response.resume());
      sent.on('error', () => undefined).on('close', resolve);
      sent.write('half a question', () => void (leave && setTimeout(() => sent.destroy(), 50)));
    });
    await Promise.all([half(true), half(false)]);
    assert.deepEqual(await post(server, ca, {}, 'question'), { status: 200, body: 'question' });
    assert.deepEqual(bugs, []);
  } finally {
    await server.close();
  }
});

test('before it has a certificate no handshake succeeds; with one of another CA the client refuses, with its own it does not', async () => {
  const server = await startReviewServer({ host: '127.0.0.1', port: 0, review: (body) => body, onBug: unexpected });
  try {
    const [own, other] = [await certified(), await certified()];
    await assert.rejects(post(server, own.ca, {}, 'question'), /handshake failure|SSL|ECONNRESET/);
    server.present(other.certificate);
    await assert.rejects(post(server, own.ca, {}, 'question'), /unable to verify|self.signed|signature/i);
    server.present(own.certificate);
    assert.equal((await post(server, own.ca, {}, 'question')).status, 200);
  } finally {
    await server.close();
  }
});

test('a port that is taken is named by its key of the configuration', async () => {
  const server = await startReviewServer({ host: '127.0.0.1', port: 0, review: (body) => body, onBug: unexpected });
  try {
    await assert.rejects(startReviewServer({ ...server.address, review: (body) => body, onBug: unexpected }), (error: unknown) => error instanceof Refusal && /\(webhook\.address\): another process listens there already/.test(error.message));
  } finally {
    await server.close();
  }
});

function unexpected(error: unknown): never {
  assert.fail(String(error));
}

type Ask = (options: RequestOptions, body: string) => Promise<{ status: number; body: string }>;

async function serving(options: Partial<Parameters<typeof startReviewServer>[0]>, use: (ask: Ask) => Promise<void>): Promise<void> {
  const server = await startReviewServer({ host: '127.0.0.1', port: 0, review: (body) => (body === 'nonsense' ? null : `answer to ${body}`), onBug: unexpected, ...options });
  try {
    const { ca, certificate } = await certified();
    server.present(certificate);
    await use((requestOptions, body) => post(server, ca, requestOptions, body));
  } finally {
    await server.close();
  }
}

async function certified(): Promise<{ ca: string; certificate: Awaited<ReturnType<typeof newServingCertificate>> }> {
  const circumstances = { now: new Date(), randomBytes, seconds: 3600 };
  const files = newCa(circumstances);
  const loaded = loadPair(files, { anchor: 'root' });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return { ca: Buffer.from(files['tls.crt']).toString(), certificate: await newServingCertificate(loaded.pair, [{ type: 'ip', value: '127.0.0.1' }], circumstances) };
}

function post({ address }: ReviewServer, ca: string, options: RequestOptions, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: address.host, port: address.port, path: '/review', method: 'POST', ca, agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
