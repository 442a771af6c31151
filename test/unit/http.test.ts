import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startHttp, type HttpOptions, type HttpServer } from '../../src/adapters/http/server.ts';
import { Refusal } from '../../src/control/errors.ts';

test('/livez answers, and /readyz says what is missing until nothing is', async () => {
  const missing = ['the first list of requests'];
  await serving({ ready: () => ({ ok: missing.length === 0, missing }) }, async (url) => {
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const unready = await fetch(`${url}/readyz`);
    assert.equal(unready.status, 503);
    assert.equal(await unready.text(), 'not ready\n- the first list of requests\n');
    const json = await fetch(`${url}/readyz`, { headers: { accept: 'application/json' } });
    assert.equal(json.status, 503);
    assert.deepEqual(await json.json(), { ok: false, missing });

    missing.pop();
    const ready = await fetch(`${url}/readyz?verbose`);
    assert.equal(ready.status, 200);
    assert.equal(await ready.text(), 'ok\n');
  });
});

test('/metrics passes on what the scraper accepts, and is never cached', async () => {
  await serving({ metrics: (accept) => Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: `accept ${accept}\n` }) }, async (url) => {
    const response = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(await response.text(), 'accept application/openmetrics-text\n');
  });
});

test('HEAD has the headers of GET and no body; another method is not allowed, another path not found', async () => {
  await serving({}, async (url) => {
    const [get, head] = [await fetch(`${url}/livez`), await fetch(`${url}/livez`, { method: 'HEAD' })];
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
    assert.equal(await head.text(), '');
    await get.text();
    const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get('allow'), 'GET, HEAD');
    for (const path of ['/', '/metrics/', '/../etc', '/livezz']) assert.equal((await fetch(url + path)).status, 404, path);
  });
});

test('a page that fails is told, answers 500 without the reason, and the next one works', async () => {
  const bugs: unknown[] = [];
  let broken = true;
  const metrics = () => (broken ? Promise.reject(new Error('a secret reason')) : Promise.resolve({ contentType: 'text/plain', body: 'fine' }));
  await serving({ metrics, onBug: (error) => bugs.push(error) }, async (url) => {
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret/);
    assert.equal(bugs.length, 1);
    broken = false;
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
  });
});

test('a header over the limit ends that request and nothing else', async () => {
  await serving({}, async (url) => {
    assert.equal((await fetch(`${url}/livez`, { headers: { 'x-long': 'x'.repeat(9000) } })).status, 431);
    assert.equal((await fetch(`${url}/livez`, { headers: { 'x-long': 'x'.repeat(7000) } })).status, 200);
  });
});

test('a busy port is refused with the name of its key, and free again after close', async () => {
  const first = await startHttp(options({}));
  await assert.rejects(startHttp(options({ port: first.address.port })), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, new RegExp(`Cannot listen on "127\\.0\\.0\\.1:${first.address.port}" \\(http\\.address\\): another process listens there already`));
    return true;
  });
  await first.close();
  const second = await startHttp(options({ port: first.address.port }));
  assert.equal(second.address.port, first.address.port);
  await second.close();
});

test('an address of another machine is refused', async () => {
  await assert.rejects(startHttp(options({ host: '192.0.2.1' })), /does not have that address/);
});

test('close lets the answer under way go out and ends the connections that only wait', async () => {
  let release = () => {};
  let entered = () => {};
  const inPage = new Promise<void>((resolve) => (entered = resolve));
  const held = new Promise<void>((resolve) => (release = resolve));
  const server = await startHttp(options({ metrics: async () => {
    entered();
    await held;
    return { contentType: 'text/plain', body: 'late' };
  } }));
  const idle = connect(server.address.port, '127.0.0.1');
  await once(idle, 'connect');
  const answer = fetch(`http://127.0.0.1:${server.address.port}/metrics`);
  await inPage;
  const closed = server.close();
  release();
  assert.equal(await (await answer).text(), 'late');
  await closed;
  idle.destroy();
  await assert.rejects(fetch(`http://127.0.0.1:${server.address.port}/livez`));
});

function options(given: Partial<HttpOptions>): HttpOptions {
  return { host: '127.0.0.1', port: 0, metrics: () => Promise.resolve({ contentType: 'text/plain', body: '' }), ready: () => ({ ok: true, missing: [] }), onBug: (error) => assert.fail(String(error)), ...given };
}

async function serving(given: Partial<HttpOptions>, use: (url: string, server: HttpServer) => Promise<void>): Promise<void> {
  const server = await startHttp(options(given));
  try {
    await use(`http://127.0.0.1:${server.address.port}`, server);
  } finally {
    await server.close();
  }
}
