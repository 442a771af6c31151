import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordLines } from '../../src/adapters/record/lines.ts';
import { recordFields, type RecordEntry } from '../../src/core/record-entry.ts';
import { NOON } from '../support/clock.ts';
import { rememberingLog } from '../support/ports.ts';
import { dns, spiffe } from '../support/requests.ts';

const ISSUED: RecordEntry = {
  what: 'issued', request: 'csr-1', uid: 'u-1', signer: 'signers.example.test/foo', requester: 'istiod', names: [spiffe('foo')], reason: 'PolicyAllowed', seconds: 0.012_345_678,
  serial: '0a', caSha256: 'ff', policy: 'allow[0]', notAfter: NOON, adjustments: [],
};

test('a decision is one line of the log, with everything that somebody may look for', () => {
  const { log, write } = start();
  write(ISSUED);
  assert.deepEqual(log.lines, [{ level: 'info', message: 'issued', fields: { request: 'csr-1', uid: 'u-1', signer: 'signers.example.test/foo', requester: 'istiod', names: ['URI:spiffe://cluster.local/ns/foo/sa/app'], serial: '0a', caSha256: 'ff', policy: 'allow[0]', notAfter: NOON.toISOString(), adjustments: [], reason: 'PolicyAllowed', seconds: 0.012346 } }]);
});

test('what a requester wrote is cut, however long and however many', () => {
  const fields = recordFields({ ...denied('eve'), request: 'x'.repeat(1e6), names: Array.from({ length: 3_000 }, () => dns('y'.repeat(1e5))), violations: [{ field: 'f', found: 'z'.repeat(1e6), allowed: 'a' }] });
  assert.ok(JSON.stringify(fields).length < 15_000);
  assert.equal((fields['names'] as string[]).at(-1), 'and 2980 more');
  assert.ok(JSON.stringify(recordFields({ ...ISSUED, adjustments: ['x'.repeat(1e6)] })).length < 2_000);
  assert.deepEqual(recordFields({ ...denied('eve'), names: [dns('y'.repeat(500))] })['names'], [`DNS:${'y'.repeat(500)}`]);
});

test('a flood of refusals is told by a few lines and its number, and hides nobody else\'s', () => {
  const { log, write, summarize, pass } = start();
  for (let i = 0; i < 5_000; i += 1) write(denied('eve'));
  write(denied('mallory'));
  write(ISSUED);
  assert.equal(log.lines.length, 52);
  assert.deepEqual(log.lines.slice(50).map(({ message, fields }) => [message, fields['requester']]), [['denied', 'mallory'], ['issued', 'istiod']]);
  summarize();
  summarize();
  assert.deepEqual(log.lines.slice(52), [{ level: 'warn', message: 'more refusals, told by their number', fields: { outcome: 'denied', signer: 'signers.example.test/foo', requester: 'eve', reason: 'PolicyViolation', count: 4_950 } }]);
  pass(1_000);
  write(denied('eve'));
  write(denied('eve'));
  assert.equal(log.lines.length, 54);
});

test('many names of requesters do not fill the log either; what is allowed is told always', () => {
  const { log, write, summarize } = start();
  for (let i = 0; i < 5_000; i += 1) write(denied(`eve-${i}`));
  assert.equal(log.lines.filter(({ message }) => message === 'denied').length, 500);
  const told = (): number => log.lines.reduce((sum, { message, fields }) => sum + (message === 'denied' ? 1 : Number(fields['count'] ?? 0)), 0);
  summarize();
  assert.equal(told(), 5_000);
  for (let i = 0; i < 1_000; i += 1) write(ISSUED);
  assert.equal(log.lines.filter(({ message }) => message === 'issued').length, 1_000);
});

function denied(requester: string): Extract<RecordEntry, { what: 'denied' | 'failed' }> {
  return { what: 'denied', request: 'csr-2', uid: 'u-2', signer: 'signers.example.test/foo', requester, names: [], reason: 'PolicyViolation', seconds: null, violations: [] };
}

function start() {
  let time = 0;
  const log = rememberingLog();
  return { log, ...recordLines({ log, monotonic: () => time }), pass: (milliseconds: number) => void (time += milliseconds) };
}
