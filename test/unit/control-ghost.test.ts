// What waits before a CA can come to its end there: refused at another look, or deleted. Nobody after it may wait for it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { caDesk } from '../../src/control/ask-ca.ts';
import { Gate } from '../../src/control/gate.ts';
import { issueLoop } from '../../src/control/issue.ts';
import type { Requests } from '../../src/control/ports.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { Observed } from '../../src/core/observed.ts';
import { issue, testRoot } from '../support/authority.ts';
import { NOON } from '../support/clock.ts';
import { observed } from '../support/observed.ts';
import { SIGNER } from '../support/plans.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { authorityOf, rememberingEvents, rememberingMeter, rememberingRecorder, requestsOf, silentLog } from '../support/ports.ts';

const ca = testRoot({ name: 'foo root' });
const REFUSED = { annotations: { 'experimental.cert-manager.io/request-is-ca': 'true' } };

/** A CA that is asked for one certificate at a time and answers when it is told to. */
function world() {
  const { signal } = new AbortController();
  const limits = new Map([[SIGNER, { ...DEFAULT_LIMITS, concurrency: 1 }]]);
  const called: string[] = [];
  const gate = new Gate({ limits, call: (name) => called.push(name), monotonic: () => 0 }, signal);
  const pending = new Map<string, Observed>(['a', 'b', 'c'].map((name) => [name, observed({ name })]));
  const written: string[] = [];
  const requests: Requests = {
    ...requestsOf([], ({ verb, name }) => {
      written.push(`${verb} ${name}`);
      pending.delete(name);
      return 'written';
    }),
    get: (name) => pending.get(name),
    receivedAt: () => 0,
  };
  let answer = (): void => undefined;
  const authority = authorityOf(ca, (plan) => new Promise((resolve) => (answer = () => resolve(issue(plan, ca)))));
  const policy = policyOf([signer(SIGNER, [alternative({ namespaces: ['foo'] })])]);
  const loop = issueLoop({ policy, requests, authority: () => authority, desk: caDesk({ gate, limits, monotonic: () => 0 }), events: rememberingEvents(), recorder: rememberingRecorder(), log: silentLog(), meter: rememberingMeter(), now: () => NOON, monotonic: () => 0, randomBytes });
  const look = (name: string) => loop(name, signal);
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { gate, pending, written, called, look, settled, answer: () => answer() };
}

describe('a request that waits before its CA', () => {
  it('and is refused there, is waited for by nobody', async () => {
    const { gate, pending, written, called, look, settled, answer } = world();
    const first = look('a');
    await look('b');
    assert.equal(gate.waiting(SIGNER).concurrency, 1);
    pending.set('b', observed({ name: 'b', ...REFUSED }));
    await look('b');
    assert.deepEqual(written, ['refuse b']);
    assert.equal(gate.waiting(SIGNER).concurrency, 0, 'it does not count as one that waits');
    await settled();
    answer();
    await first;
    assert.deepEqual(called, []);
    const last = look('c');
    await settled();
    answer();
    await last;
    assert.deepEqual(written, ['refuse b', 'deliver a', 'deliver c']);
  });

  it('and is gone when it is called, gives its place to the next', async () => {
    const { pending, written, called, look, settled, answer } = world();
    const first = look('a');
    await look('b');
    await look('c');
    pending.delete('b');
    await settled();
    answer();
    await first;
    assert.deepEqual(called, ['b']);
    await look('b');
    assert.deepEqual(called, ['b', 'c']);
    const last = look('c');
    await settled();
    answer();
    await last;
    assert.deepEqual(written, ['deliver a', 'deliver c']);
  });

  it('and is refused when it is called, gives its place to the next', async () => {
    const { pending, written, called, look, settled, answer } = world();
    const first = look('a');
    await look('b');
    await look('c');
    pending.set('b', observed({ name: 'b', ...REFUSED }));
    await settled();
    answer();
    await first;
    await look('b');
    assert.deepEqual([called, written], [['b', 'c'], ['deliver a', 'refuse b']]);
  });
});
