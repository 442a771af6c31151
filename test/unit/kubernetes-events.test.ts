import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { kubernetesEvents } from '../../src/adapters/kubernetes/events.ts';
import type { KubernetesEvents, KubernetesEventsOptions } from '../../src/adapters/kubernetes/events.ts';
import { startFakeApiserver, until } from '../support/fake-apiserver.ts';
import type { Exchange, FakeApiserver } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

const DENIED = { type: 'Warning', reason: 'PolicyViolation', message: 'no' } as const;
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

test('an Event stands in default, about the request by name and uid, and is from Signet', async () => {
  const { events, sent } = await start({ now: () => new Date('2026-01-02T03:04:05Z'), instance: 'signet-0' });
  events.emit(about('csr:With_Odd.Name', 'u-1'), DENIED);
  await until('it is sent', () => sent.length === 1);
  assert.equal(sent[0]?.path, '/api/v1/namespaces/default/events');
  const { metadata, ...rest } = JSON.parse(sent[0]?.body ?? '') as { metadata: { name: string; namespace: string } };
  assert.equal(metadata.namespace, 'default');
  assert.match(metadata.name, /^signet\.[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    involvedObject: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', name: 'csr:With_Odd.Name', uid: 'u-1' },
    type: 'Warning',
    reason: 'PolicyViolation',
    message: 'no',
    source: { component: 'signet' },
    reportingComponent: 'signet',
    reportingInstance: 'signet-0',
    firstTimestamp: '2026-01-02T03:04:05.000Z',
    lastTimestamp: '2026-01-02T03:04:05.000Z',
    count: 1,
  });
});

test('a reason is told once for a request; another reason and another request are told too', async () => {
  const { events, sent } = await start();
  for (let i = 0; i < 5; i++) events.emit(about('a', 'u-1'), { ...DENIED, message: `no ${i}` });
  events.emit(about('a', 'u-1'), { ...DENIED, reason: 'InvalidRequest' });
  events.emit(about('a', 'u-2'), DENIED);
  await until('three are sent', () => sent.length === 3);
  assert.deepEqual(sent.map(({ body }) => eventIn(body)).map(({ involvedObject, reason, message }) => `${involvedObject.uid} ${reason} ${message}`), ['u-1 PolicyViolation no 0', 'u-1 InvalidRequest no', 'u-2 PolicyViolation no']);
  assert.equal(new Set(sent.map(({ body }) => eventIn(body).metadata.name)).size, 3);
});

test('an Event that exists already, told by another replica, is no loss', async () => {
  const { events, sent, dropped } = await start({}, (exchange) => exchange.refuse(409, 'AlreadyExists'));
  events.emit(about('a', 'u-1'), DENIED);
  events.emit(about('b', 'u-2'), DENIED);
  await until('both are sent', () => sent.length === 2);
  assert.equal(dropped(), 0);
});

test('a message over 1024 characters is cut, and one of 1024 is not', async () => {
  const { events, sent } = await start();
  events.emit(about('a', 'u-1'), { ...DENIED, message: 'x'.repeat(1_025) });
  events.emit(about('a', 'u-2'), { ...DENIED, message: 'y'.repeat(1_024) });
  await until('both are sent', () => sent.length === 2);
  assert.equal(eventIn(sent[0]?.body ?? '').message, `${'x'.repeat(1_023)}…`);
  assert.equal(eventIn(sent[1]?.body ?? '').message, 'y'.repeat(1_024));
});

test('Events over the rate wait, those over the queue are dropped and counted, and no emit ever waits', async () => {
  const waits: number[] = [];
  let time = 0;
  const { events, sent, dropped } = await start({ rate: 10, burst: 2, queueLimit: 5, monotonic: () => time, sleep: (milliseconds) => Promise.resolve(void waits.push((time += milliseconds, milliseconds))) }, undefined, false);
  for (let i = 0; i < 8; i++) events.emit(about('a', `u-${i}`), DENIED);
  assert.equal(dropped(), 3);
  events.begin();
  await until('five are sent', () => sent.length === 5);
  assert.deepEqual(waits, [100, 100, 100]);
});

test('a flood by one requester is told by a few, and takes nobody else\'s place', async () => {
  let time = 0;
  const { events, sent, dropped } = await start({ rate: 1_000, burst: 1_000, monotonic: () => time });
  for (let i = 0; i < 5_000; i++) events.emit(about('a', `u-${i}`, 'flood'), DENIED);
  events.emit(about('b', 'v-1', 'other'), DENIED);
  events.emit(about('a', 'u-1', 'flood'), { ...DENIED, reason: 'InvalidRequest' });
  await until('the other is told', () => sent.length === 52);
  assert.equal(dropped(), 4_950);
  assert.deepEqual(sent.slice(50).map(({ body }) => `${eventIn(body).involvedObject.uid} ${eventIn(body).reason}`), ['v-1 PolicyViolation', 'u-1 InvalidRequest']);
  time += 5_000;
  for (let i = 0; i < 10; i++) events.emit(about('a', `w-${i}`, 'flood'), DENIED);
  await until('one more is told', () => sent.length === 53);
  assert.equal(dropped(), 4_959);
});

test('an Event the server does not take is dropped, counted, and may be told again later', async () => {
  let up = false;
  const { events, sent, dropped } = await start({ sleep: () => Promise.resolve() }, (exchange) => (up ? exchange.json({ metadata: {} }) : exchange.refuse(503, 'ServiceUnavailable')));
  events.emit(about('a', 'u-1'), DENIED);
  await until('it is dropped', () => dropped() === 1);
  up = true;
  events.emit(about('a', 'u-1'), DENIED);
  await until('it is told', () => sent.length === 2);
  assert.equal(dropped(), 1);
});

test('the end drops what waits, and says how many', async () => {
  const { events, dropped, stop } = await start({ rate: 0.001, burst: 1 });
  for (let i = 0; i < 4; i++) events.emit(about('a', `u-${i}`), DENIED);
  await stop();
  assert.ok(dropped() >= 2 && dropped() <= 4);
});

type Scene = { readonly events: KubernetesEvents & { begin(): void }; readonly sent: Exchange[]; readonly server: FakeApiserver; dropped(): number; stop(): Promise<void> };

async function start(options: Partial<KubernetesEventsOptions> = {}, answer: (exchange: Exchange) => void = (exchange) => exchange.json({ metadata: {} }), running = true): Promise<Scene> {
  const sent: Exchange[] = [];
  let lost = 0;
  const server = await startFakeApiserver((exchange) => {
    sent.push(exchange);
    answer(exchange);
  });
  const connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log: silentLog() });
  const events = kubernetesEvents({ connection, log: silentLog(), onDropped: () => void lost++, ...options });
  const abort = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const begin = (): void => {
    done = events.run(abort.signal);
  };
  if (running) begin();
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  stops.push(async () => {
    await stop();
    await server.stop();
    await connection.close();
  });
  return { events: { ...events, begin }, sent, server, dropped: () => lost, stop };
}

/** One request; each has a requester of its own unless it is said who. */
function about(name: string, uid: string, username = uid): Parameters<KubernetesEvents['emit']>[0] {
  return { name, uid, signerName: 'signers.example.test/foo', requester: { username } };
}

function eventIn(body: string): { metadata: { name: string }; involvedObject: { uid: string }; reason: string; message: string } {
  return JSON.parse(body) as ReturnType<typeof eventIn>;
}
