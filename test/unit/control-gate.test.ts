import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Breaker } from '../../src/control/breaker.ts';
import { Gate, type Place, type Waiting } from '../../src/control/gate.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';

type Bench = {
  readonly gate: Gate;
  /** Who was called and has not come yet. */
  readonly called: string[];
  /** A request comes to the gate of signer `s`. */
  readonly enter: (name: string, namespace?: string, signer?: string) => Place | Waiting;
  /** It comes and must not wait. */
  readonly admitted: (name: string, namespace?: string, signer?: string) => Place;
  /** It comes and must wait, for this. */
  readonly waits: (name: string, namespace?: string, signer?: string) => string;
  /** Whoever was called comes, and has a place. */
  readonly come: () => [string, Place][];
  readonly news: string[];
  readonly stop: AbortController;
};

function bench(limits: Partial<Limits> = {}): Bench {
  const [called, news, stop] = [[] as string[], [] as string[], new AbortController()];
  const namespaces = new Map<string, string>();
  const gate = new Gate({
    limits: new Map([['s', { ...DEFAULT_LIMITS, ...limits }]]),
    call: (name) => called.push(name),
    onPause: (signer, { seconds, why }) => news.push(`${signer} pauses ${Math.round(seconds)} s: ${why}`),
    onResume: (signer) => news.push(`${signer} resumes`),
    monotonic: () => clock,
    breaker: () => new Breaker({ failures: 2, first: 1, max: 30, random: () => 0.999_999 }),
  }, stop.signal);
  const enter = (name: string, namespace = 'ns', signer = 's'): Place | Waiting => {
    namespaces.set(name, namespace);
    return gate.enter(name, signer, namespace);
  };
  const admitted = (name: string, namespace?: string, signer?: string): Place => {
    const place = enter(name, namespace, signer);
    assert.ok(place.waits === null, `${name} waits for ${place.waits}`);
    return place;
  };
  const waits = (name: string, namespace?: string, signer?: string): string => {
    const waiting = enter(name, namespace, signer);
    assert.ok(waiting.waits !== null, `${name} does not wait`);
    return waiting.waits;
  };
  return { gate, called, enter, admitted, waits, news, stop, come: () => called.splice(0).map((name) => [name, admitted(name, namespaces.get(name))]) };
}

let clock = 0;
beforeEach(() => {
  clock = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
});
afterEach(() => mock.timers.reset());

function pass(seconds: number): void {
  for (let left = Math.round(seconds * 1000); left > 0; left -= 1) {
    clock += 1;
    mock.timers.tick(1);
  }
}

describe('concurrency', () => {
  it('of a signer: so many have a place, the next waits and is called when one leaves; another signer has its own', () => {
    const { admitted, waits, called, come } = bench({ concurrency: 2 });
    const [first] = [admitted('a'), admitted('b')];
    assert.equal(waits('c'), 'concurrency');
    admitted('x', 'ns', 'other');
    assert.deepEqual(called, []);
    first.answered();
    assert.deepEqual(called, ['c']);
    come();
    assert.equal(waits('d'), 'concurrency');
  });

  it('of a namespace: its next waits, and the others of the signer do not', () => {
    const { admitted, waits, called } = bench({ perNamespace: { rate: null, concurrency: 1 } });
    const a = admitted('a', 'foo');
    assert.equal(waits('b', 'foo'), 'concurrency');
    const c = admitted('c', 'bar');
    c.answered();
    assert.deepEqual(called, [], 'a place in one namespace is none in another');
    a.failed('whatever');
    assert.deepEqual(called, ['b']);
  });

  it('gives a place to whoever was called, not to whoever comes first', () => {
    const { admitted, waits, called, come } = bench({ concurrency: 1 });
    const a = admitted('a');
    waits('b');
    a.answered();
    assert.deepEqual(called, ['b']);
    assert.equal(waits('c'), 'concurrency', 'the place is kept');
    const [[, b] = []] = come();
    b?.answered();
    assert.deepEqual(called, ['c']);
  });

  it('gives a place that nobody took to the next', () => {
    for (const leave of ['settle', 'forget'] as const) {
      const { gate, admitted, waits, called } = bench({ concurrency: 1 });
      const a = admitted('a');
      waits('b');
      waits('c');
      a.answered();
      gate[leave]('b');
      assert.deepEqual(called, ['b', 'c'], leave);
    }
  });
});

describe('a rate', () => {
  it('lets a second\'s worth go at once; the rest waits and is called evenly', () => {
    const { admitted, waits, called, come, gate } = bench({ rate: { count: 4, seconds: 1 } });
    for (const name of ['a', 'b', 'c', 'd']) admitted(name);
    for (const name of ['e', 'f', 'g']) assert.equal(waits(name), 'rate');
    assert.deepEqual(gate.waiting('s'), { rate: 3, concurrency: 0, ca: 0 });
    for (const expected of ['e', 'f', 'g']) {
      pass(0.249);
      assert.deepEqual(called, []);
      pass(0.001);
      assert.deepEqual(come().map(([name]) => name), [expected]);
    }
    assert.deepEqual(gate.waiting('s'), { rate: 0, concurrency: 0, ca: 0 });
  });

  it('of a namespace is its own: another is not delayed, and the signer\'s applies to both together', () => {
    const { admitted, waits } = bench({ rate: { count: 3, seconds: 1 }, perNamespace: { rate: { count: 2, seconds: 1 }, concurrency: null } });
    admitted('a', 'foo');
    admitted('b', 'foo');
    assert.equal(waits('c', 'foo'), 'rate');
    admitted('d', 'bar');
    assert.equal(waits('e', 'bar'), 'rate');
    const twin = bench({ perNamespace: { rate: { count: 2, seconds: 1 }, concurrency: null } });
    for (const name of ['a', 'b']) twin.admitted(name, 'foo');
    for (const name of ['c', 'd']) twin.admitted(name, 'bar');
  });

  it('counts those for whom the CA was asked, not those for whom it was not', () => {
    const rate = { count: 1, seconds: 60 };
    for (const limits of [{ rate }, { perNamespace: { rate, concurrency: null } }]) {
      const { admitted, waits } = bench(limits);
      admitted('a').notAsked();
      admitted('b').answered();
      assert.equal(waits('c'), 'rate');
    }
  });

  it('is for whoever waits, not for one who comes in the moment before he is called', () => {
    const { admitted, waits, called } = bench({ rate: { count: 1, seconds: 1 } });
    admitted('a').answered();
    waits('b');
    clock += 1000; // The timer that would call b is late.
    assert.equal(waits('c'), 'rate');
    assert.deepEqual(called, ['b']);
  });

  it('calls nobody who has gone', () => {
    const { gate, admitted, waits, called } = bench({ rate: { count: 1, seconds: 1 } });
    admitted('a');
    for (const name of ['b', 'c']) waits(name);
    gate.forget('b');
    assert.deepEqual(gate.waiting('s'), { rate: 1, concurrency: 0, ca: 0 });
    pass(1.01);
    assert.deepEqual(called, ['c']);
  });

  it('is not kept waiting by a pause that ended early', () => {
    const { gate, admitted, waits, called, come } = bench({ rate: { count: 10, seconds: 1 } });
    admitted('a').failed('down', { retryAfter: 30 });
    for (let i = 0; i < 12; i += 1) assert.equal(waits(`n${i}`), 'ca');
    gate.renew('s');
    assert.deepEqual(called, ['n0']);
    come()[0]?.[1].answered();
    assert.equal(called.length, 8, 'ten at once, less those that went');
    come();
    pass(0.11);
    assert.deepEqual(called, ['n9'], 'after a tenth of a second, not at the end of the pause');
  });
});

describe('turns', () => {
  it('are those of the namespaces, one after the other, and within one in the order of coming', () => {
    const { admitted, waits, come } = bench({ concurrency: 1 });
    let place = admitted('first');
    for (let i = 0; i < 3; i += 1) waits(`flood${i}`, 'noisy');
    for (let i = 0; i < 2; i += 1) waits(`one${i}`, 'quiet');
    const order: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      place.answered();
      for (const [name, next] of come()) {
        order.push(name);
        place = next;
      }
    }
    assert.deepEqual(order, ['flood0', 'one0', 'flood1', 'one1', 'flood2']);
  });

  it('keep a request where it stands when it comes again, and count it once', () => {
    const { gate, admitted, waits, called } = bench({ concurrency: 1 });
    const a = admitted('a');
    for (const name of ['b', 'c', 'b', 'b']) waits(name);
    assert.equal(gate.waiting('s').concurrency, 2);
    a.answered();
    assert.deepEqual(called, ['b']);
  });

  it('are kept for a request that turns out to be of another namespace only if it has no limits of its own', () => {
    const { admitted, enter, waits, called } = bench({ concurrency: 1, perNamespace: { rate: null, concurrency: 1 } });
    const a = admitted('a', 'foo');
    waits('b', 'foo');
    waits('c', 'bar');
    a.answered();
    assert.equal(enter('b', 'bar').waits, 'concurrency', 'its place went to the next');
    assert.deepEqual(called, ['b', 'c']);
    const plain = bench({ concurrency: 1 });
    const first = plain.admitted('a', 'foo');
    plain.waits('b', 'foo');
    first.answered();
    plain.admitted('b', 'bar');
  });
});

describe('a CA that fails', () => {
  it('is left alone; everybody waits for it, one tries after the pause, and all go when that one has an answer', () => {
    const { gate, admitted, waits, called, come, news } = bench();
    const [a, b] = [admitted('a'), admitted('b')];
    a.failed('down');
    assert.equal(gate.paused('s'), false);
    b.failed('down');
    assert.equal(gate.paused('s'), true);
    for (const name of ['a', 'b', 'c']) assert.equal(waits(name), 'ca');
    assert.deepEqual(gate.waiting('s'), { rate: 0, concurrency: 0, ca: 3 });
    admitted('x', 'ns', 'other').answered();
    pass(1.01);
    const [[tried, probe] = []] = come();
    assert.equal(tried, 'a');
    assert.equal(waits('d'), 'ca', 'the others wait for what comes of it');
    probe?.failed('still down');
    pass(1.9);
    assert.deepEqual(called, []);
    pass(0.2);
    come()[0]?.[1].answered();
    assert.deepEqual(called, ['c', 'd']);
    assert.deepEqual(news, ['s pauses 1 s: down', 's resumes'], 'each is told once');
    assert.equal(gate.paused('s'), false);
  });

  it('is tried by the next when the one that was to try has gone', () => {
    const { gate, admitted, waits, called } = bench();
    admitted('a').failed('down', { retryAfter: 1 });
    for (const name of ['b', 'c']) waits(name);
    pass(1.01);
    assert.deepEqual(called, ['b']);
    gate.forget('b');
    assert.deepEqual(called, ['b', 'c']);
  });

  it('because it is not there is left alone without telling, and tried when there is another', () => {
    const { gate, admitted, waits, called, news } = bench();
    admitted('a').failed('no Secret', { atOnce: true });
    assert.equal(waits('b'), 'ca');
    gate.renew('s');
    assert.deepEqual([called, news], [['b'], []]);
  });
});

describe('what is said', () => {
  it('is said once for all that wait for the same, and again after a minute', () => {
    const { admitted, enter } = bench({ rate: { count: 1, seconds: 3600 } });
    admitted('a');
    const said = (name: string): string | null => {
      const waiting = enter(name);
      return waiting.waits !== null && waiting.news ? waiting.message : null;
    };
    assert.equal(said('b'), 'Waiting for the rate of signer "s": 1/h are allowed');
    assert.equal(said('c'), null);
    pass(59);
    assert.equal(said('d'), null);
    pass(2);
    assert.notEqual(said('e'), null);
  });

  it('names the limit, whose it is, and why a CA is left alone', () => {
    const text = (waiting: Place | Waiting): string => (waiting.waits === null ? 'does not wait' : waiting.message);
    const one = bench({ concurrency: 1, perNamespace: { rate: { count: 1, seconds: 60 }, concurrency: null } });
    one.admitted('a', 'foo').answered();
    assert.equal(text(one.enter('b', 'foo')), 'Waiting for the rate of namespace "foo" at signer "s": 1/m are allowed');
    one.admitted('c', 'bar');
    assert.equal(text(one.enter('d', 'baz')), 'Waiting for a turn at the CA of signer "s": it is asked for 1 certificates already, as many at once as are allowed');
    const two = bench();
    two.admitted('a').failed('no answer within 30 s', { retryAfter: 9 });
    assert.equal(text(two.enter('b')), 'Waiting for the CA of signer "s": no answer within 30 s; it is asked again in 9 s');
  });
});

describe('the end', () => {
  it('calls nobody any more', () => {
    const { admitted, waits, called, stop } = bench({ rate: { count: 1, seconds: 1 } });
    const a = admitted('a');
    waits('b');
    stop.abort();
    pass(5);
    a.answered();
    assert.deepEqual(called, []);
  });
});

it('50,000 that wait cost each step no more time, and little memory', (t) => {
  const { gate, admitted, waits, called } = bench({ concurrency: 1 });
  // CPU time: the machine may be busy.
  const micros = (count: number, run: (i: number) => void): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i += 1) run(i);
    return process.cpuUsage(start).user / count;
  };
  let place = admitted('first');
  const names = Array.from({ length: 50_000 }, (_, i) => `csr-workload-${i}`);
  const next = (): void => {
    place.answered();
    const name = called.pop();
    assert.ok(name !== undefined);
    place = admitted(name, `ns${name.length % 7}`);
  };
  const few = (names.slice(0, 1000).forEach((name) => waits(name, `ns${name.length % 7}`)), micros(900, next));
  const before = process.memoryUsage().heapUsed;
  names.slice(1000).forEach((name) => waits(name, `ns${name.length % 7}`));
  const bytes = (process.memoryUsage().heapUsed - before) / 49_000;
  const many = micros(40_000, next);
  for (const name of names) gate.forget(name);
  t.diagnostic(`${many.toFixed(2)} µs for each of 40,000, ${few.toFixed(2)} µs for each of 900; ${bytes.toFixed(0)} bytes for each that waits`);
  assert.deepEqual(gate.waiting('s'), { rate: 0, concurrency: 0, ca: 0 });
  assert.ok(many < few * 10 + 50, `${many.toFixed(2)} µs each among 50,000, ${few.toFixed(2)} µs among 1,000`);
  assert.ok(bytes < 2000, `${bytes.toFixed(0)} bytes each`);
});
