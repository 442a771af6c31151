import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import type { ApiFailure } from '../../src/adapters/kubernetes/api-failure.ts';
import type { Connection } from '../../src/adapters/kubernetes/connection.ts';
import { reflect } from '../../src/adapters/kubernetes/reflector.ts';
import type { ReflectorTuning } from '../../src/adapters/kubernetes/reflector.ts';
import type { Skipped } from '../../src/adapters/kubernetes/watch-stream.ts';
import type { KubernetesObject } from '../../src/adapters/kubernetes/wire.ts';
import { startFakeApiserver, until } from '../support/fake-apiserver.ts';
import type { Exchange, FakeApiserver, FakeWatch } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

/** Timings of real life divided by some hundreds: first wait 20 ms instead of 0.8 s. */
const QUICK: Partial<ReflectorTuning> = { inactivity: 5_000, atOnceAfter: 5, healthyAfter: 400, firstWait: 20, longestWait: 80, random: () => 0.5 };

const PATH = '/api/v1/things';
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a list within a watch is shown, then changes are, and readiness comes with its last object', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange));
  const watch = await scene.watched(1);
  assert.equal(watch.query.get('sendInitialEvents'), 'true');
  assert.equal(watch.query.get('resourceVersionMatch'), 'NotOlderThan');
  watch.send('ADDED', thing('a', '5'));
  watch.send('ADDED', thing('b', '3'));
  await until('both are shown', () => scene.present().length === 2);
  assert.equal(scene.synced, 0);
  watch.send('BOOKMARK', initialEnd('7'));
  await until('ready', () => scene.synced === 1);
  watch.send('DELETED', thing('b', '8'));
  watch.send('MODIFIED', thing('a', '9'));
  await until('the changes are shown', () => scene.versionOf('a') === '9');
  assert.deepEqual(scene.present(), ['a']);
});

test('a watch that the server ends in good order is opened again at once, from where it had come to', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange), { firstWait: 60_000 });
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('7'));
  first.send('ADDED', thing('a', '8'));
  first.send('BOOKMARK', bookmark('12'));
  await until('the watch is old enough', () => scene.versionOf('a') === '8' && performance.now() - scene.openedAt > 10);
  first.end();
  const second = await scene.watched(2);
  assert.equal(second.query.get('resourceVersion'), '12');
  assert.equal(second.query.get('sendInitialEvents'), null);
  assert.deepEqual(scene.present(), ['a']);
});

test('an older server lists page by page, and the watch goes on from the version of the list', async () => {
  const scene = await start((exchange, scene) => {
    if (exchange.query.get('sendInitialEvents') === 'true') exchange.refuse(422, 'Invalid', 'sendInitialEvents is forbidden for watch');
    else if (exchange.query.has('watch')) scene.watch(exchange);
    else if (exchange.query.has('continue')) exchange.json({ metadata: { resourceVersion: '40' }, items: [thing('c', '3')] });
    else exchange.json({ metadata: { resourceVersion: '40', continue: 'page-2' }, items: [thing('a', '1'), thing('b', '2')] });
  });
  const watch = await scene.watched(1);
  assert.deepEqual(scene.present(), ['a', 'b', 'c']);
  assert.equal(scene.synced, 1);
  assert.equal(watch.query.get('resourceVersion'), '40');
});

test('a list whose continuation has expired is begun anew', async () => {
  let expired = 0;
  const scene = await start((exchange, scene) => {
    if (exchange.query.get('sendInitialEvents') === 'true') exchange.refuse(400, 'BadRequest');
    else if (exchange.query.has('watch')) scene.watch(exchange);
    else if (!exchange.query.has('continue')) exchange.json({ metadata: { resourceVersion: '40', continue: 'next' }, items: [thing('a', '1')] });
    else if (expired++ === 0) exchange.refuse(410, 'Expired', 'The provided continue parameter is too old');
    else exchange.json({ metadata: { resourceVersion: '40' }, items: [thing('b', '2')] });
  });
  await scene.watched(1);
  assert.equal(expired, 2);
  assert.deepEqual(scene.present(), ['a', 'b']);
});

test('a page larger than an answer may be is asked for again with fewer objects', async () => {
  const limits: string[] = [];
  const filler = 'x'.repeat(9 * 1024 * 1024);
  const scene = await start((exchange, scene) => {
    if (exchange.query.get('sendInitialEvents') === 'true') exchange.refuse(400, 'BadRequest');
    else if (exchange.query.has('watch')) scene.watch(exchange);
    else {
      limits.push(exchange.query.get('limit') ?? '');
      const items = limits.length === 1 ? [1, 2, 3, 4].map((n) => ({ ...thing(`a${n}`, '1'), filler })) : [thing('a', '1')];
      exchange.json({ metadata: { resourceVersion: '40' }, items });
    }
  });
  await scene.watched(1);
  assert.deepEqual(limits, ['500', '50']);
  assert.deepEqual(scene.present(), ['a']);
});

test('a watch that falls silent is given up and a new list is made; one with a bookmark now and then is kept', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange), { inactivity: 300 });
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('7'));
  const beat = setInterval(() => first.send('BOOKMARK', bookmark('8')), 20);
  await until('more than the inactivity has passed', () => performance.now() - scene.openedAt > 500);
  assert.equal(scene.watches.length, 1);
  clearInterval(beat);
  const second = await scene.watched(2);
  assert.equal(second.query.get('sendInitialEvents'), 'true');
  await until('the silent connection is closed', () => !first.isOpen());
  assert.match(scene.failures[0]?.message ?? '', /nothing came for 0\.3 s/);
});

for (const how of ['as an ERROR event', 'as the HTTP status']) {
  test(`a version that is gone, said ${how}, leads to a new list, and what is missing from it is reported gone`, async () => {
    let goneAnswers = 0;
    const scene = await start((exchange, scene) => {
      if (how === 'as the HTTP status' && exchange.query.get('resourceVersion') === '7') {
        goneAnswers++;
        exchange.refuse(410, 'Expired', 'too old resource version');
      } else scene.watch(exchange);
    });
    const first = await scene.watched(1);
    first.send('ADDED', thing('a', '1'));
    first.send('ADDED', thing('b', '2'));
    first.send('BOOKMARK', initialEnd('7'));
    await until('ready', () => scene.synced === 1);
    if (how === 'as an ERROR event') first.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
    else first.end();
    const second = await scene.watched(2);
    assert.equal(second.query.get('sendInitialEvents'), 'true');
    second.send('ADDED', thing('b', '9'));
    second.send('BOOKMARK', initialEnd('9'));
    await until('a is gone', () => scene.present().join() === 'b');
    assert.equal(goneAnswers, how === 'as an ERROR event' ? 0 : 1);
    assert.deepEqual(scene.gone, ['a/uid-a']);
  });
}

test('a server that calls every version gone is asked with growing pauses, not in a tight loop', async () => {
  const at: number[] = [];
  await start((exchange) => {
    at.push(performance.now());
    exchange.refuse(410, 'Expired');
  });
  await until('six attempts', () => at.length === 6);
  const total = (at[5] ?? 0) - (at[0] ?? 0);
  assert.ok(total >= 30 + 60 + 60 + 60 + 60, `six attempts took ${total} ms`);
});

test('the first version that is gone after other failures is followed by a first pause, not by a longer one', async () => {
  const waits: number[] = [];
  const scene = await start(
    (exchange, scene) => {
      if (scene.watches.length === 0) scene.watch(exchange);
      else if (waits.length < 4) exchange.refuse(503, 'ServiceUnavailable');
      else exchange.refuse(410, 'Expired');
    },
    { longestWait: 1_000, sleep: (milliseconds) => new Promise((resolve) => setImmediate(() => resolve(void waits.push(milliseconds)))) },
  );
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('7'));
  await until('ready', () => scene.synced === 1);
  first.reset();
  await until('seven pauses', () => waits.length >= 7);
  assert.deepEqual(waits.slice(0, 7), [30, 60, 120, 240, 30, 60, 120]);
});

test('a server that ends each watch as soon as it is open is asked with growing pauses', async () => {
  const at: number[] = [];
  await start((exchange) => {
    at.push(performance.now());
    exchange.watch().end();
  }, { atOnceAfter: 5_000 });
  await until('five attempts', () => at.length === 5);
  assert.ok((at[4] ?? 0) - (at[0] ?? 0) >= 150, `five attempts took ${(at[4] ?? 0) - (at[0] ?? 0)} ms`);
});

for (const status of [401, 403, 429, 500, 503]) {
  test(`a watch refused with ${status} is tried again until it is accepted, and the end of the trouble is told`, async () => {
    let refused = 0;
    const scene = await start((exchange, scene) => {
      if (scene.watches.length === 0 && refused++ < 2) exchange.refuse(status, 'Refused');
      else scene.watch(exchange);
    });
    const watch = await scene.watched(1);
    watch.send('BOOKMARK', initialEnd('7'));
    await until('ready', () => scene.synced === 1);
    assert.ok(scene.failures.length >= 1 && scene.failures.every((failure) => failure.status === status));
    assert.equal(scene.recoveries, 1);
  });
}

test('Retry-After is waited for where it is longer than the pause, and the pause where there is none', async () => {
  const waits: number[] = [];
  let asked = 0;
  const scene = await start(
    (exchange, scene) => {
      asked++;
      if (asked === 1) exchange.refuse(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' });
      else if (asked === 2) exchange.refuse(429, 'TooManyRequests', 'slow down');
      else scene.watch(exchange);
    },
    { sleep: (milliseconds) => Promise.resolve(void waits.push(milliseconds)) },
  );
  await scene.watched(1);
  assert.equal(waits[0], 7_000);
  assert.ok((waits[1] ?? 0) > 20 && (waits[1] ?? 0) <= 80);
});

test('a connection that breaks, in a watch or before the answer, is made anew', async () => {
  let resets = 0;
  const scene = await start((exchange, scene) => {
    if (scene.watches.length === 1 && resets++ < 2) exchange.reset();
    else scene.watch(exchange);
  });
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('7'));
  first.send('ADDED', thing('a', '8'));
  await until('a is shown', () => scene.present().length === 1);
  first.raw('{"type":"ADDED","object":{"metadata":{"name":"half');
  first.reset();
  const second = await scene.watched(2);
  assert.equal(second.query.get('resourceVersion'), '8');
  assert.deepEqual(scene.present(), ['a']);
  assert.equal(scene.skipped.length, 0);
});

test('an object that is too large or no JSON is passed over and told, and the objects around it are shown', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange), { maxLineBytes: 1_000 });
  const watch = await scene.watched(1);
  watch.send('BOOKMARK', initialEnd('1'));
  watch.send('ADDED', thing('before', '2'));
  watch.send('ADDED', { ...thing('huge', '3'), filler: 'x'.repeat(300_000) });
  watch.raw('{"type":"ADDED","object":{broken\n');
  watch.raw('{"type":"ADDED","object":null}\n\n');
  watch.raw('{"type":"SURPRISE","object":{"metadata":{}}}\n');
  watch.send('ADDED', { ...thing('fitting', '4'), filler: 'x'.repeat(700) });
  await until('the last is shown', () => scene.present().includes('fitting'));
  assert.deepEqual(scene.present(), ['before', 'fitting']);
  assert.equal(scene.skipped.length, 4);
  assert.match(scene.skipped[0]?.problem ?? '', /300\d\d\d bytes long, and at most 1000/);
  assert.match(scene.skipped[0]?.head ?? '', /"name":"huge"/);
  assert.equal(scene.watches.length, 1);
});

test('a handler that throws is reported and stops neither the stream nor the version', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange));
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('1'));
  first.send('ADDED', thing('throws', '2'));
  first.send('ADDED', thing('a', '3'));
  await until('a is shown', () => scene.present().includes('a'));
  assert.equal(scene.bugs, 1);
  await until('the watch is old enough', () => performance.now() - scene.openedAt > 10);
  first.end();
  assert.equal((await scene.watched(2)).query.get('resourceVersion'), '3');
});

test('an object deleted and made again between two lists is reported gone under its old uid, and one that stayed is not', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange));
  const first = await scene.watched(1);
  first.send('ADDED', thing('a', '1', 'first'));
  first.send('ADDED', thing('b', '1'));
  first.send('BOOKMARK', initialEnd('1'));
  await until('ready', () => scene.synced === 1);
  first.send('ERROR', { code: 410, reason: 'Expired' });
  const second = await scene.watched(2);
  second.send('ADDED', thing('a', '5', 'second'));
  second.send('ADDED', thing('b', '1'));
  second.send('BOOKMARK', initialEnd('6'));
  await until('ready again', () => scene.synced === 2);
  assert.deepEqual(scene.gone, ['a/first']);
  assert.deepEqual(scene.present(), ['a', 'b']);
});

test('objects the caller does not keep are not reported gone; kept ones are', async () => {
  const scene = await start((exchange, scene) => scene.watch(exchange));
  const watch = await scene.watched(1);
  watch.send('BOOKMARK', initialEnd('1'));
  watch.send('ADDED', thing('unwanted', '2'));
  watch.send('ADDED', thing('a', '3'));
  watch.send('DELETED', thing('unwanted', '4'));
  watch.send('DELETED', thing('a', '5'));
  await until('a is gone', () => scene.gone.length > 0);
  assert.deepEqual(scene.gone, ['a/uid-a']);
});

test('an abort ends the watch, and one during the first answer opens no watch at all', async () => {
  const open = await start((exchange, scene) => scene.watch(exchange));
  const watch = await open.watched(1);
  open.abort.abort(new Error('stop'));
  await open.done;
  await until('the connection is closed', () => !watch.isOpen());

  let pending: Exchange | null = null;
  const listing = await start((exchange) => {
    if (exchange.query.get('sendInitialEvents') === 'true') exchange.refuse(400, 'BadRequest');
    else pending = exchange;
  });
  await until('the list is asked for', () => pending !== null);
  listing.abort.abort(new Error('stop'));
  await listing.done;
  assert.equal(listing.watches.length, 0);
  assert.deepEqual(listing.server.calls, [`GET ${PATH}`, `GET ${PATH}`]);
});

test('selectors go into the list and the watch', async () => {
  const seen: (string | null)[] = [];
  const scene = await start((exchange, scene) => {
    seen.push(`${exchange.query.get('fieldSelector')} ${exchange.query.get('labelSelector')}`);
    if (exchange.query.get('sendInitialEvents') === 'true') exchange.refuse(400, 'BadRequest');
    else if (exchange.query.has('watch')) scene.watch(exchange);
    else exchange.json({ metadata: { resourceVersion: '1' }, items: [] });
  });
  await scene.watched(1);
  assert.deepEqual(new Set(seen), new Set(['metadata.name=a b=c']));
});

test('a server that refuses the same version again and again is asked for a new list', async () => {
  const scene = await start((exchange, scene) => {
    if (exchange.query.get('resourceVersion') === '7') exchange.refuse(504, 'Timeout', 'Too large resource version: 7, current: 3');
    else scene.watch(exchange);
  });
  const first = await scene.watched(1);
  first.send('BOOKMARK', initialEnd('7'));
  await until('ready', () => scene.synced === 1);
  first.end();
  assert.equal((await scene.watched(2)).query.get('sendInitialEvents'), 'true');
  assert.equal(scene.failures.length, 3);
});

type Scene = {
  readonly server: FakeApiserver;
  readonly watches: FakeWatch[];
  readonly failures: ApiFailure[];
  readonly skipped: Skipped[];
  readonly gone: string[];
  readonly abort: AbortController;
  readonly done: Promise<void>;
  synced: number;
  recoveries: number;
  bugs: number;
  openedAt: number;
  present(): string[];
  versionOf(name: string): string | undefined;
  watch(exchange: Exchange): void;
  /** The n-th watch that was opened, once it is. */
  watched(n: number): Promise<FakeWatch>;
};

async function start(answer: (exchange: Exchange, scene: Scene) => void, tuning: Partial<ReflectorTuning> = {}): Promise<Scene> {
  const server = await startFakeApiserver((exchange) => answer(exchange, scene));
  const connection: Connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log: silentLog() });
  const objects = new Map<string, string>();
  const abort = new AbortController();
  const scene: Scene = {
    server,
    watches: [],
    failures: [],
    skipped: [],
    gone: [],
    abort,
    done: Promise.resolve(),
    synced: 0,
    recoveries: 0,
    bugs: 0,
    openedAt: 0,
    present: () => [...objects.keys()].sort(),
    versionOf: (name) => objects.get(name),
    watch(exchange) {
      scene.openedAt = performance.now();
      scene.watches.push(exchange.watch());
    },
    async watched(n) {
      await until(`watch number ${n} is open`, () => scene.watches.length >= n);
      return scene.watches[n - 1] as FakeWatch;
    },
  };
  const done = reflect<KubernetesObject>({
    transport: connection.transport,
    path: PATH,
    fieldSelector: 'metadata.name=a',
    labelSelector: 'b=c',
    log: silentLog(),
    signal: abort.signal,
    tuning: { ...QUICK, ...tuning },
    handlers: {
      onObject({ metadata }) {
        if (metadata.name === 'throws') throw new Error('a bug in the handler');
        if (metadata.name === 'unwanted') return false;
        objects.set(metadata.name, metadata.resourceVersion);
        return true;
      },
      onGone({ name, uid }) {
        objects.delete(name);
        scene.gone.push(`${name}/${uid}`);
      },
      onSynced: () => void scene.synced++,
    },
    onTrouble: (failure) => (failure === null ? void scene.recoveries++ : void scene.failures.push(failure)),
    onSkipped: (skipped) => void scene.skipped.push(skipped),
    onBug: () => void scene.bugs++,
  });
  Object.assign(scene, { done });
  cleanups.push(async () => {
    abort.abort(new Error('the test is over'));
    await done;
    await server.stop();
    await connection.close();
  });
  return scene;
}

function thing(name: string, resourceVersion: string, uid = `uid-${name}`): KubernetesObject {
  return { metadata: { name, uid, resourceVersion } };
}

function bookmark(resourceVersion: string): object {
  return { metadata: { resourceVersion } };
}

function initialEnd(resourceVersion: string): object {
  return { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } };
}
