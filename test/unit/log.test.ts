import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createLog, type LogOptions } from '../../src/adapters/log.ts';
import { redact } from '../../src/adapters/redact.ts';
import { Unavailable } from '../../src/control/errors.ts';
import type { LogFields } from '../../src/control/ports.ts';

const NOON = new Date('2026-03-04T12:00:00Z');

test('a line is one JSON object with time, level, message and fields', () => {
  assert.deepEqual(written({ base: { version: '1.0' } }, { request: 'csr-1', count: 3, at: NOON, list: ['a'], nothing: null }), {
    time: '2026-03-04T12:00:00.000Z', level: 'info', message: 'issued', version: '1.0', request: 'csr-1', count: 3, at: '2026-03-04T12:00:00.000Z', list: ['a'], nothing: null,
  });
});

test('a field cannot pass itself off as the time, the level or the message', () => {
  const line = written({}, { level: 'debug', message: 'all is well', time: 'never' });
  assert.deepEqual(line, { time: '2026-03-04T12:00:00.000Z', level: 'info', message: 'issued' });
});

test('lines below the level are left out, those at it are written', () => {
  const lines = linesOf({ level: 'warn' }, (log) => {
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
  });
  assert.deepEqual(lines.map((line) => (JSON.parse(line) as { message: string }).message), ['c', 'd']);
});

test('a bug is written with its stack and its causes, passing trouble without a stack', () => {
  const cause = Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' });
  const bug = written({}, { error: new TypeError('x is undefined', { cause }) })['error'] as Record<string, unknown>;
  assert.match(String(bug['stack']), /log\.test\.ts/);
  assert.equal((bug['cause'] as Record<string, unknown>)['code'], 'ECONNREFUSED');

  const trouble = written({}, { error: new Unavailable('the API server is away') })['error'];
  assert.deepEqual(trouble, { name: 'Unavailable', message: 'the API server is away' });
});

test('a private key never reaches the log, wherever it hides', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const body = pem.split('\n')[1] ?? '';
  const base64 = Buffer.from(pem).toString('base64');
  const places: LogFields[] = [
    { text: `before ${pem} after` },
    { text: JSON.stringify({ key: pem }) },
    { text: pem.slice(0, -40) },
    { text: `data: ${base64}` },
    { deep: { list: [{ pem }] } },
    { error: new Error(`cannot parse ${pem}`, { cause: new Error(pem) }) },
    { map: new Map([['a', pem]]) },
    { 'tls.key': 'anything' },
    { bytes: Buffer.from(pem), view: new Uint8Array(Buffer.from(pem)) },
    { key: privateKey, secret: createSecretKey(Buffer.from(pem)) },
  ];
  for (const format of ['json', 'text'] as const) {
    for (const fields of places) {
      const [line = ''] = linesOf({ format }, (log) => log.info(`message ${pem}`, fields));
      assert.ok(!line.includes(body.slice(0, 20)) && !line.includes(base64.slice(60, 90)) && !line.includes('anything'), line);
      assert.match(line, /\[redacted\]/);
    }
  }
});

test('credentials are redacted and the words around them stay', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzaWduZXQifQ.c2lnbmF0dXJl';
  assert.equal(redact(`sent Authorization: Bearer ${token} to it`), 'sent Authorization: Bearer [redacted] to it');
  assert.equal(redact('bearer abc.def'), 'bearer [redacted]');
  assert.equal(redact(`the token ${token} expired`), 'the token [redacted] expired');
  assert.deepEqual(written({}, { authorization: 'xyz', token: null })['authorization'], '[redacted]');
});

test('a certificate is no secret and is written as it is', () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  assert.equal(redact(certificate), certificate);
  const base64 = Buffer.from(certificate).toString('base64');
  assert.equal(redact(base64), base64);
});

test('what a requester wrote cannot forge a line, move the cursor or fill the disk', () => {
  for (const format of ['json', 'text'] as const) {
    const lines = linesOf({ format }, (log) => log.warn('denied\nINFO issued', { user: 'eve\n\u001b[2J\u2028', long: 'x'.repeat(1e6) }));
    assert.equal(lines.length, 1);
    const [line = ''] = lines;
    assert.equal(line.trimEnd().split(/[\n\u001b]/).length, 1, line.slice(0, 200));
    assert.ok(line.length < 6000);
    assert.match(line, /1000000 characters/);
  }
});

test('a circle, a bigint, a function and a class instance are written as what they are', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const line = written({}, { circle, big: 2n ** 64n, call: () => {}, url: new URL('https://user:pw@example.test/') });
  assert.equal(line['big'], '18446744073709551616');
  assert.equal(line['call'], '[function]');
  assert.equal(line['url'], '[URL]');
  assert.match(JSON.stringify(line['circle']), /\[…\]/);
});

test('the text format is for eyes: time, level, message, then the fields, quoted where they have spaces', () => {
  const [line] = linesOf({ format: 'text' }, (log) => log.warn('will be tried again', { request: 'csr-1', why: 'no answer', retryAfter: null }));
  assert.equal(line, '2026-03-04T12:00:00.000Z WARN  will be tried again request=csr-1 why="no answer" retryAfter=null\n');
});

function linesOf(options: Partial<LogOptions>, use: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  use(createLog({ write: (line) => lines.push(line), now: () => NOON, ...options }));
  return lines;
}

function written(options: Partial<LogOptions>, fields: LogFields): Record<string, unknown> {
  const [line = ''] = linesOf(options, (log) => log.info('issued', fields));
  return JSON.parse(line) as Record<string, unknown>;
}
