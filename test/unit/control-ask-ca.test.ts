import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { caDesk, type CaDesk } from '../../src/control/ask-ca.ts';
import { Breaker } from '../../src/control/breaker.ts';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import { Gate } from '../../src/control/gate.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';
import { testRoot } from '../support/authority.ts';
import { observed } from '../support/observed.ts';
import { plan, SIGNER } from '../support/plans.ts';

const PLAN = plan(testRoot());

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

type Bench = { readonly desk: CaDesk; readonly gate: Gate; readonly called: string[]; readonly stop: AbortController; readonly ask: <T>(name: string, call: (signal: AbortSignal) => Promise<T>) => Promise<T | string> };

function bench(limits: Partial<Limits> = {}, failures = 2): Bench {
  const [stop, called] = [new AbortController(), [] as string[]];
  const all = new Map([[SIGNER, { ...DEFAULT_LIMITS, ...limits }]]);
  const gate = new Gate({ limits: all, call: (name) => called.push(name), monotonic: () => 0, breaker: () => new Breaker({ failures, first: 1, max: 30, random: () => 0.5 }) }, stop.signal);
  const desk = caDesk({ gate, limits: all, monotonic: () => 0 });
  const ask = async <T>(name: string, call: (signal: AbortSignal) => Promise<T>): Promise<T | string> => {
    const asked = await desk.ask({ plan: PLAN, observed: observed({ name }), signal: stop.signal, slot: undefined }, call);
    return asked.waits === null ? asked.answer : `waits for ${asked.waits}`;
  };
  return { desk, gate, called, stop, ask };
}

const never = (): Promise<never> => new Promise(() => undefined);
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a question to a CA', () => {
  it('that has no answer in its time is over, is told to stop, and counts as a failure', async () => {
    const { ask, gate } = bench({ timeout: 30 });
    const given: AbortSignal[] = [];
    for (const name of ['a', 'b']) {
      const question = ask(name, (signal) => {
        given.push(signal);
        return never();
      });
      const refused = assert.rejects(question, (error) => error instanceof Unavailable && error.message === 'no answer within 30 s');
      await settled();
      mock.timers.tick(29_999);
      assert.equal(given.at(-1)?.aborted, false);
      mock.timers.tick(1);
      await refused;
      assert.equal(given.at(-1)?.aborted, true);
    }
    assert.equal(gate.paused(SIGNER), true);
    assert.equal(await ask('c', never), 'waits for ca');
  });

  it('that has one in its time leaves the others their time', async () => {
    const { ask } = bench({ timeout: 30 });
    const slow = ask('slow', () => new Promise<string>((resolve) => void setTimeout(() => resolve('late'), 29_000)));
    await settled();
    mock.timers.tick(15_000);
    assert.equal(await ask('quick', async () => 'at once'), 'at once');
    mock.timers.tick(14_500);
    assert.equal(await slow, 'late');
  });

  it('has the time of its own signer', async () => {
    const limits = new Map([['quick', { ...DEFAULT_LIMITS, timeout: 1 }], ['patient', { ...DEFAULT_LIMITS, timeout: 60 }]]);
    const { signal } = new AbortController();
    const desk = caDesk({ gate: new Gate({ limits, call: () => undefined, monotonic: () => 0 }, signal), limits, monotonic: () => 0 });
    const over: string[] = [];
    for (const signer of ['patient', 'quick', 'of no configuration']) {
      desk.ask({ plan: { ...PLAN, signer }, observed: observed({ name: signer }), signal, slot: undefined }, never).catch((error: Error) => over.push(`${signer}: ${error.message}`));
    }
    for (const seconds of [1, 29, 30]) {
      mock.timers.tick(seconds * 1_000);
      await settled();
      over.push('');
    }
    assert.deepEqual(over, ['quick: no answer within 1 s', '', 'of no configuration: no answer within 30 s', '', 'patient: no answer within 60 s', '']);
  });

  it('leaves its place whatever comes of it', async () => {
    const { ask, gate } = bench({ concurrency: 1 }, 100);
    for (const error of [new Unavailable('throttled'), new Refusal('never'), new TypeError('a bug')]) {
      await assert.rejects(ask('x', () => Promise.reject(error)), error);
      assert.equal(await ask('y', async () => 'free'), 'free', error.message);
    }
    assert.deepEqual(gate.waiting(SIGNER), { rate: 0, concurrency: 0, ca: 0 });
  });

  it('says of the CA what its failure means: trouble of the CA pauses it, a refusal or a change of the CA does not', async () => {
    for (const [error, paused] of [
      [new Unavailable('down'), true],
      [new TypeError('a bug'), true],
      [new Refusal('not this one'), false],
      [new Unavailable('the CA changed after the certificate was planned', { retryAfter: 0 }), false],
    ] as const) {
      const { ask, gate } = bench();
      for (const name of ['a', 'b', 'c']) await ask(name, () => Promise.reject(error)).catch(() => undefined);
      assert.equal(gate.paused(SIGNER), paused, error.message);
    }
  });

  it('of a CA that names the time is not repeated before it', async () => {
    const { ask, gate } = bench();
    await ask('a', () => Promise.reject(new Unavailable('throttled', { retryAfter: 9 }))).catch(() => undefined);
    assert.equal(gate.paused(SIGNER), true);
  });

  it('is cut when the process ends, and says nothing of the CA then', async () => {
    const { ask, gate, stop } = bench({}, 1);
    const question = ask('a', never);
    const cut = assert.rejects(question, Unavailable);
    await settled();
    stop.abort();
    await cut;
    assert.equal(gate.paused(SIGNER), false);
  });
});

describe('a CA that is not there', () => {
  it('is looked for by one request, the others wait until they are called', async () => {
    const { desk, gate, called, ask } = bench();
    assert.equal(desk.absent(observed({ name: 'a' }), 'no Secret'), false);
    assert.equal(desk.absent(observed({ name: 'b' }), 'no Secret'), true);
    assert.equal(desk.absent(observed({ name: 'c' }), 'no Secret'), true);
    gate.renew(SIGNER);
    assert.deepEqual(called, ['b']);
    assert.equal(await ask('b', async () => 'certificate'), 'certificate');
    assert.deepEqual(called, ['b', 'c']);
  });
});
