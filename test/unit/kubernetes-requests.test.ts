import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { kubernetesRequests } from '../../src/adapters/kubernetes/requests.ts';
import type { KubernetesRequests } from '../../src/adapters/kubernetes/requests.ts';
import type { Change, Service } from '../../src/adapters/kubernetes/pending-requests.ts';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import type { Decision } from '../../src/control/ports.ts';
import type { Observed } from '../../src/core/observed.ts';
import { startFakeApiserver, until } from '../support/fake-apiserver.ts';
import type { Exchange, FakeWatch } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

const FOO = 'clusterissuers.cert-manager.io/foo';
const EXTERNAL = 'clusterissuers.cert-manager.io/external';
const CSR_PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const DECISION: Decision = { reason: 'PolicyAllowed', message: 'allowed by allow[0]', annotations: { 'signet.dev/policy': 'allow[0]' } };

const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

test('a pending request is kept as core sees it, and nothing else of the object is', async () => {
  const scene = await start();
  const raw = request('csr-1', { annotations: { 'signet.dev/policy': 'x', 'other.example/note': 'y', 'experimental.cert-manager.io/request-duration': '1h' }, spec: { expirationSeconds: 3600 } });
  scene.watch.send('ADDED', { ...raw, metadata: { ...raw.metadata, managedFields: [{ manager: 'istiod' }] } });
  const observed = await scene.kept('csr-1');
  assert.deepEqual(observed, {
    name: 'csr-1',
    uid: 'uid-csr-1',
    resourceVersion: '10',
    signerName: FOO,
    requester: { username: 'system:serviceaccount:istio-system:istiod', uid: 'u1', groups: ['system:authenticated'] },
    request: Buffer.from('PEM of csr-1'),
    usages: ['client auth'],
    expirationSeconds: 3600,
    annotations: { 'signet.dev/policy': 'x', 'experimental.cert-manager.io/request-duration': '1h' },
    state: 'pending',
  });
});

test('each change is told with its state, and a finished or deleted request is dropped at that event', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('csr-1'));
  scene.watch.send('MODIFIED', request('csr-1', { version: '11', conditions: ['Approved'] }));
  scene.watch.send('MODIFIED', request('csr-1', { version: '12', conditions: ['Approved'], certificate: 'QQ==' }));
  scene.watch.send('ADDED', request('csr-2'));
  scene.watch.send('DELETED', request('csr-2', { version: '14' }));
  await until('the deletion is told', () => scene.changes.at(-1)?.state === 'gone');
  assert.deepEqual(scene.changes.map(({ name, state }) => `${name} ${state}`), ['csr-1 pending', 'csr-1 approved', 'csr-1 final', 'csr-2 pending', 'csr-2 gone']);
  assert.equal(scene.requests.get('csr-1'), undefined);
  assert.equal(scene.requests.get('csr-2'), undefined);
  assert.deepEqual(scene.pending, { [FOO]: 0 });
});

for (const [what, finished] of Object.entries({
  'a denied': { conditions: ['Denied'] },
  'an approved and then failed': { conditions: ['Approved', 'Failed'] },
  'an issued': { conditions: ['Approved'], certificate: 'QQ==' },
  'a deleted but not yet removed': { deleted: true },
})) {
  test(`${what} request is not kept; the same one unfinished is`, async () => {
    const scene = await start();
    scene.watch.send('ADDED', request('finished', finished));
    scene.watch.send('ADDED', request('unfinished', { conditions: ['example.com/Noted'] }));
    await scene.kept('unfinished');
    assert.equal(scene.requests.get('finished'), undefined);
    assert.deepEqual(scene.changes.map(({ name }) => name), ['unfinished']);
  });
}

test('a request of a signer that others approve is counted until it is approved, and kept from then on', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('csr-1', { signer: EXTERNAL }));
  await until('it is counted', () => scene.pending[EXTERNAL] === 1);
  assert.equal(scene.requests.get('csr-1'), undefined);
  scene.watch.send('MODIFIED', request('csr-1', { signer: EXTERNAL, version: '11', conditions: ['Approved'] }));
  assert.equal((await scene.kept('csr-1')).state, 'approved');
  assert.equal(scene.pending[EXTERNAL], 1);
  scene.watch.send('ADDED', request('csr-2', { signer: EXTERNAL }));
  scene.watch.send('DELETED', request('csr-2', { signer: EXTERNAL }));
  scene.watch.send('DELETED', request('csr-1', { signer: EXTERNAL }));
  await until('nothing is counted', () => scene.pending[EXTERNAL] === 0);
});

test('a request for an unserved signer of our domain is told and not kept; one of another domain is not even told', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('foreign', { signer: 'example.com/x' }));
  scene.watch.send('ADDED', request('mistyped', { signer: 'clusterissuers.cert-manager.io/fo' }));
  await until('it is told', () => scene.unserved.length > 0);
  assert.deepEqual(scene.unserved, ['mistyped']);
  assert.equal(scene.requests.get('mistyped'), undefined);
  assert.deepEqual(scene.changes, []);
});

test('of a huge request so much is kept that core finds it too large; one of the greatest size is kept whole', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('huge', { spec: { request: Buffer.alloc(1_000_000, 'x').toString('base64') }, annotations: { 'signet.dev/x': 'y'.repeat(2_000), 'signet.dev/z': 'y'.repeat(1_000) } }));
  scene.watch.send('ADDED', request('large', { spec: { request: Buffer.alloc(64 * 1024, 'x').toString('base64') } }));
  const huge = await scene.kept('huge');
  assert.equal(huge.request.length, 64 * 1024 + 1);
  assert.equal(huge.request.buffer.byteLength, 64 * 1024 + 1);
  assert.deepEqual(Object.keys(huge.annotations), ['signet.dev/z']);
  assert.equal((await scene.kept('large')).request.length, 64 * 1024);
});

for (const [what, spec] of Object.entries({ 'without a request': { request: 7 }, 'with usages that are no list': { usages: 'client auth' }, 'with half a second': { expirationSeconds: 0.5 } })) {
  test(`an object ${what} is passed over, and the one after it is kept`, async () => {
    const scene = await start();
    scene.watch.send('ADDED', request('odd', { spec }));
    scene.watch.send('ADDED', request('good'));
    await scene.kept('good');
    assert.equal(scene.requests.get('odd'), undefined);
    assert.equal(scene.unreadable.length, 1);
  });
}

test('the time that counts is that of the event which brought the present state', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('csr-1'));
  await scene.kept('csr-1');
  const pendingSince = scene.requests.receivedAt('csr-1') ?? NaN;
  scene.watch.send('MODIFIED', request('csr-1', { version: '11', conditions: ['Approved'] }));
  await until('approved', () => scene.requests.get('csr-1')?.state === 'approved');
  const approvedSince = scene.requests.receivedAt('csr-1') ?? NaN;
  assert.ok(approvedSince > pendingSince);
  scene.watch.send('MODIFIED', request('csr-1', { version: '12', conditions: ['Approved'], annotations: { 'signet.dev/x': 'y' } }));
  await until('the annotation is seen', () => scene.requests.get('csr-1')?.resourceVersion === '12');
  assert.equal(scene.requests.receivedAt('csr-1'), approvedSince);
});

test('a certificate is delivered by one write with nothing read, and the request is gone from memory before its event', async () => {
  const scene = await start();
  const raw = request('csr-1', { conditions: ['Approved'], annotations: { 'other.example/note': 'y' } });
  const metadata = { ...raw.metadata, labels: { a: 'b' }, finalizers: ['example.com/f'] };
  scene.watch.send('ADDED', { ...raw, metadata: { ...metadata, managedFields: [{ manager: 'istiod' }] } });
  const observed = await scene.kept('csr-1');
  scene.calls.length = 0;
  assert.equal(await scene.requests.deliver(observed, 'PEM', { 'signet.dev/serial': 'ab' }, signal()), 'written');
  assert.deepEqual(scene.calls, [`PUT ${CSR_PATH}/csr-1/status`]);
  assert.equal(scene.written?.query.get('fieldManager'), 'signet');
  assert.deepEqual(JSON.parse(scene.written?.body ?? ''), {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { ...metadata, annotations: { 'other.example/note': 'y', 'signet.dev/serial': 'ab' } },
    status: { ...raw.status, certificate: Buffer.from('PEM').toString('base64') },
  });
  assert.equal(scene.requests.get('csr-1'), undefined);
  assert.deepEqual(scene.pending, { [FOO]: 0 });
});

test('a request with more annotations than are held is read again for its write, and refused as another version if it is one by then', async () => {
  const note = { 'other.example/note': 'y'.repeat(9_000) };
  const large = request('large', { conditions: ['Approved'], annotations: note });
  const scene = await start(undefined, [large, { ...large, metadata: { ...large.metadata, resourceVersion: '11' } }]);
  scene.watch.send('ADDED', large);
  const observed = await scene.kept('large');
  scene.calls.length = 0;
  assert.equal(await scene.requests.deliver(observed, 'PEM', {}, signal()), 'written');
  assert.deepEqual(scene.calls, [`GET ${CSR_PATH}/large`, `PUT ${CSR_PATH}/large/status`]);
  assert.deepEqual((JSON.parse(scene.written?.body ?? '') as { metadata: { annotations: object } }).metadata.annotations, note);

  scene.watch.send('ADDED', request('newer', { conditions: ['Approved'], annotations: note }));
  scene.calls.length = 0;
  assert.equal(await scene.requests.deliver(await scene.kept('newer'), 'PEM', {}, signal()), 'conflict');
  assert.deepEqual(scene.calls, [`GET ${CSR_PATH}/newer`]);
});

test('one that may not be read again names the right to read, not that to sign; with the right it is written', async () => {
  const large = request('large', { conditions: ['Approved'], annotations: { 'other.example/note': 'y'.repeat(9_000) } });
  const scene = await start(undefined, ['forbidden', large]);
  scene.watch.send('ADDED', large);
  const observed = await scene.kept('large');
  await assert.rejects(scene.requests.deliver(observed, 'PEM', {}, signal()), (error: unknown) => error instanceof Refusal && error.message.startsWith(`GET ${CSR_PATH}/large: 403 Forbidden: user not permitted; it takes verb "get" on certificatesigningrequests`) && !error.message.includes('sign"'));
  assert.equal(await scene.requests.deliver(observed, 'PEM', {}, signal()), 'written');
});

test('an approval repeats the conditions there are and keeps the request for its next step', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('csr-1', { conditions: ['example.com/Noted'] }));
  const observed = await scene.kept('csr-1');
  assert.equal(await scene.requests.approve(observed, DECISION, signal()), 'written');
  assert.equal(scene.written?.path, `${CSR_PATH}/csr-1/approval`);
  const { metadata, status } = JSON.parse(scene.written?.body ?? '') as { metadata: object; status: { conditions: object[] } };
  assert.deepEqual(metadata, { name: 'csr-1', uid: 'uid-csr-1', resourceVersion: '10', annotations: { 'signet.dev/policy': 'allow[0]' } });
  assert.deepEqual(status.conditions, [
    { type: 'example.com/Noted', status: 'True', reason: 'Because', lastUpdateTime: '2026-01-01T00:00:00Z' },
    { type: 'Approved', status: 'True', reason: 'PolicyAllowed', message: 'allowed by allow[0]' },
  ]);
  assert.equal(scene.requests.get('csr-1'), observed);
});

test('a denial goes to /approval and a failure to /status', async () => {
  const scene = await start();
  for (const [name, as, path] of [['a', 'Denied', 'approval'], ['b:B_b', 'Failed', 'status']] as const) {
    scene.watch.send('ADDED', request(name));
    assert.equal(await scene.requests.refuse(await scene.kept(name), as, { ...DECISION, reason: 'PolicyViolation' }, signal()), 'written');
    assert.equal(decodeURIComponent(scene.written?.path ?? ''), `${CSR_PATH}/${name}/${path}`);
    assert.match(scene.written?.body ?? '', new RegExp(`"type":"${as}"`));
    assert.equal(scene.requests.get(name), undefined);
  }
});

test('a write about an older version is a conflict, and about another object of that name it is gone, without a call', async () => {
  const scene = await start();
  scene.watch.send('ADDED', request('csr-1'));
  const observed = await scene.kept('csr-1');
  scene.watch.send('MODIFIED', request('csr-1', { version: '11' }));
  await until('the newer version is seen', () => scene.requests.get('csr-1')?.resourceVersion === '11');
  scene.calls.length = 0;
  assert.equal(await scene.requests.approve(observed, DECISION, signal()), 'conflict');
  assert.equal(await scene.requests.approve({ ...observed, uid: 'another' }, DECISION, signal()), 'gone');
  assert.deepEqual(scene.calls, []);
  assert.equal(await scene.requests.approve({ ...observed, resourceVersion: '11' }, DECISION, signal()), 'written');
});

const ORDINARY: [answer: [number, string, string], result: string, stays: boolean][] = [
  [[409, 'Conflict', 'the object has been modified'], 'conflict', true],
  [[404, 'NotFound', 'certificatesigningrequests "csr-1" not found'], 'gone', false],
  [[422, 'Invalid', 'status.certificate: Forbidden: may not modify existing certificate content'], 'gone', false],
];
for (const [answer, result, stays] of ORDINARY) {
  test(`the answer ${answer[0]} ${answer[1]} is the ordinary result "${result}"`, async () => {
    const scene = await start((exchange) => exchange.refuse(...answer));
    scene.watch.send('ADDED', request('csr-1', { conditions: ['Approved'] }));
    assert.equal(await scene.requests.deliver(await scene.kept('csr-1'), 'PEM', {}, signal()), result);
    assert.equal(scene.requests.get('csr-1') !== undefined, stays);
  });
}

test('a missing right is a Refusal that names it, for approving and for signing', async () => {
  const scene = await start((exchange) => exchange.refuse(403, 'Forbidden', 'user not permitted'));
  scene.watch.send('ADDED', request('csr-1'));
  const observed = await scene.kept('csr-1');
  await assert.rejects(scene.requests.approve(observed, DECISION, signal()), (error: unknown) => error instanceof Refusal && error.message.includes(`403 Forbidden: user not permitted; it takes verb "approve" on signers "${FOO}" and verb "update" on certificatesigningrequests/approval`));
  await assert.rejects(scene.requests.deliver(observed, 'PEM', {}, signal()), (error: unknown) => error instanceof Refusal && error.message.includes(`verb "sign" on signers "${FOO}" and verb "update" on certificatesigningrequests/status`));
});

test('a 403 soon after the watch broke is Unavailable, for an API server that starts answers so; without a break it is a Refusal', async () => {
  const scene = await start((exchange) => exchange.refuse(403, 'Forbidden', 'not permitted'));
  scene.watch.send('ADDED', request('csr-1'));
  const observed = await scene.kept('csr-1');
  await assert.rejects(scene.requests.approve(observed, DECISION, signal()), Refusal);
  scene.watch.reset();
  await until('the break is noticed', () => scene.troubles() === 1);
  await assert.rejects(scene.requests.approve(observed, DECISION, signal()), Unavailable);
});

test('what can never be written is a Refusal with the server\'s words', async () => {
  const scene = await start((exchange) => exchange.refuse(422, 'Invalid', 'status.certificate: Invalid value'));
  scene.watch.send('ADDED', request('csr-1'));
  await assert.rejects(scene.requests.deliver(await scene.kept('csr-1'), 'PEM', {}, signal()), (error: unknown) => error instanceof Refusal && error.message === `PUT ${CSR_PATH}/csr-1/status: 422 Invalid: status.certificate: Invalid value`);
});

for (const status of [401, 429, 500, 503] as const) {
  test(`the answer ${status} is Unavailable and leaves the request to be done`, async () => {
    const scene = await start((exchange) => exchange.refuse(status, 'Trouble', 'later', status === 429 ? { 'retry-after': '3' } : {}));
    scene.watch.send('ADDED', request('csr-1'));
    const observed = await scene.kept('csr-1');
    await assert.rejects(scene.requests.deliver(observed, 'PEM', {}, signal()), (error: unknown) => error instanceof Unavailable && error.retryAfter === (status === 429 ? 3 : null));
    assert.equal(scene.requests.get('csr-1'), observed);
  });
}

test('a connection that breaks is Unavailable, and an abort ends a write with its own reason', async () => {
  const scene = await start((exchange) => exchange.reset());
  scene.watch.send('ADDED', request('csr-1'));
  const observed = await scene.kept('csr-1');
  await assert.rejects(scene.requests.deliver(observed, 'PEM', {}, signal()), (error: unknown) => error instanceof Unavailable && error.message.includes('no answer from http://127.0.0.1'));

  const waiting = await start(() => undefined);
  waiting.watch.send('ADDED', request('csr-1'));
  const kept = await waiting.kept('csr-1');
  const abort = new AbortController();
  const reason = new Error('the process ends');
  const write = waiting.requests.deliver(kept, 'PEM', {}, abort.signal);
  await until('the write is under way', () => waiting.written !== null);
  abort.abort(reason);
  await assert.rejects(write, reason);
});

type Scene = {
  readonly requests: KubernetesRequests;
  readonly watch: FakeWatch;
  readonly changes: Change[];
  readonly unserved: string[];
  readonly unreadable: string[];
  readonly pending: Record<string, number>;
  readonly calls: string[];
  written: Exchange | null;
  troubles(): number;
  kept(name: string): Promise<Observed>;
};

/**
 * @param answer How writes are answered; by default with the object.
 * @param reads What reads of an object are answered with, in turn.
 */
async function start(answer: (exchange: Exchange) => void = (exchange) => exchange.json({ metadata: {}, spec: {} }), reads: readonly (object | 'forbidden')[] = []): Promise<Scene> {
  let watch: FakeWatch | null = null;
  let [troubles, answered] = [0, 0];
  const server = await startFakeApiserver((exchange) => {
    if (exchange.method === 'GET') {
      if (watch === null) watch = exchange.watch();
      else {
        const read = reads[answered++] ?? {};
        if (read === 'forbidden') exchange.refuse(403, 'Forbidden', 'user not permitted');
        else exchange.json(read);
      }
      return;
    }
    scene.written = exchange;
    answer(exchange);
  });
  const connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log: silentLog() });
  const [changes, unserved, unreadable, pending] = [[] as Change[], [] as string[], [] as string[], {} as Record<string, number>];
  const requests = kubernetesRequests({
    connection,
    log: silentLog(),
    serves: (signer) => ({ [FOO]: 'decide', [EXTERNAL]: 'external' } as Record<string, Service>)[signer] ?? (signer.startsWith('clusterissuers.') ? 'ours' : 'other'),
    onChanged: (change) => void changes.push(change),
    onUnserved: ({ name }) => void unserved.push(name),
    onUnreadable: (name, problem) => void unreadable.push(`${name}: ${problem}`),
    onTrouble: () => void troubles++,
    onPending: (signer, change) => void (pending[signer] = (pending[signer] ?? 0) + change),
  });
  const abort = new AbortController();
  const done = requests.run(abort.signal);
  stops.push(async () => {
    abort.abort();
    await done;
    await server.stop();
    await connection.close();
  });
  await until('the watch is open', () => watch !== null);
  const scene: Scene = {
    requests,
    watch: watch as unknown as FakeWatch,
    changes,
    unserved,
    unreadable,
    pending,
    calls: server.calls,
    written: null,
    troubles: () => troubles,
    async kept(name) {
      await until(`${name} is kept`, () => requests.get(name) !== undefined);
      return requests.get(name) as Observed;
    },
  };
  scene.watch.send('BOOKMARK', { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } });
  return scene;
}

type Shape = { version?: string; signer?: string; conditions?: string[]; certificate?: string; deleted?: boolean; annotations?: Record<string, string>; spec?: Record<string, unknown> };

function request(name: string, { version = '10', signer = FOO, conditions = [], certificate, deleted = false, annotations = {}, spec = {} }: Shape = {}): { metadata: Record<string, unknown>; spec: object; status: object } {
  return {
    metadata: { name, uid: `uid-${name}`, resourceVersion: version, annotations, ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { signerName: signer, request: Buffer.from(`PEM of ${name}`).toString('base64'), usages: ['client auth'], username: 'system:serviceaccount:istio-system:istiod', uid: 'u1', groups: ['system:authenticated'], extra: { 'x/y': ['z'] }, ...spec },
    status: { conditions: conditions.map((type) => ({ type, status: 'True', reason: 'Because', lastUpdateTime: '2026-01-01T00:00:00Z' })), ...(certificate === undefined ? {} : { certificate }) },
  };
}

function signal(): AbortSignal {
  return new AbortController().signal;
}
