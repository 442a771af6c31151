import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Slots, type Slot } from '../../src/control/slots.ts';

type Bench = { readonly slots: Slots; readonly began: string[]; readonly held: Map<string, Slot>; readonly ask: (name: string, group: string, member?: string) => void; readonly end: (name: string) => void };

function bench(count: number): Bench {
  const [began, held] = [[] as string[], new Map<string, Slot>()];
  const slots = new Slots({ count, nextTurn: (run) => run(), slowAfter: 50 });
  const ask = (name: string, group: string, member = ''): void =>
    slots.ask(group, member, (slot) => {
      began.push(name);
      held.set(name, slot);
    });
  const end = (name: string): void => {
    held.get(name)?.end();
    held.delete(name);
  };
  return { slots, began, held, ask, end };
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** All promises that are already decided have had their turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('of the slots', () => {
  it('one lane holds three quarters at most, so that another finds some free at once', () => {
    const { began, ask, slots } = bench(8);
    for (let i = 0; i < 20; i += 1) ask(`flood ${i}`, 'noisy');
    assert.equal(began.length, 6);
    assert.equal(slots.waiting('noisy'), 14);
    ask('one', 'quiet');
    ask('two', 'quiet');
    assert.deepEqual(began.slice(6), ['one', 'two']);
    ask('three', 'quiet');
    assert.equal(began.length, 8, 'and all lanes together hold no more than there are');
  });

  it('the next goes to a lane that waits, in turn, and within it to the member whose turn it is', () => {
    const { began, ask, end } = bench(1);
    ask('busy', 'x');
    for (const each of ['t0', 't1', 't2', 't3']) ask(each, 'tenant', 'stranger');
    for (const each of ['o0', 'o1']) ask(each, 'tenant', 'owner');
    ask('q0', 'quiet');
    for (let last = 'busy'; began.length < 8; last = began.at(-1) ?? '') end(last);
    assert.deepEqual(began, ['busy', 't0', 'q0', 'o0', 't1', 'o1', 't2', 't3']);
  });

  it('a lane is forgotten when nothing waits or goes on in it, and not before', async () => {
    const { slots, ask, end, held } = bench(1);
    for (let i = 0; i < 100; i += 1) {
      ask('one', `issuer ${i}`);
      end('one');
    }
    assert.equal(slots.lanes, 0);
    ask('slow', 'g');
    let answer = (): void => undefined;
    const waiting = held.get('slow')?.patiently(new Promise<void>((resolve) => (answer = resolve)));
    mock.timers.tick(50);
    assert.equal(slots.lanes, 1, 'what gave its slot up goes on');
    answer();
    await waiting;
    end('slow');
    assert.equal(slots.lanes, 0);
  });

  it('each is given back once, however often that is said', () => {
    const { began, ask, held } = bench(1);
    ask('a', 'g');
    const slot = held.get('a');
    for (const each of ['b', 'c']) ask(each, 'g');
    slot?.end();
    slot?.end();
    assert.deepEqual(began, ['a', 'b']);
  });

  it('those that are waited with patiently are given to others when it takes long, and had again before it goes on', async () => {
    const { slots, began, ask, end, held } = bench(1);
    ask('slow', 'g');
    let answer = (_: string): void => undefined;
    const seen: string[] = [];
    const waiting = held.get('slow')?.patiently(new Promise<string>((resolve) => (answer = resolve))).then((text) => seen.push(text));
    ask('next', 'h');
    mock.timers.tick(49);
    assert.deepEqual(began, ['slow']);
    mock.timers.tick(1);
    assert.deepEqual(began, ['slow', 'next'], 'after 50 ms');
    assert.equal(slots.begun('g'), 1, 'it goes on all the same');
    answer('certificate');
    await settled();
    assert.deepEqual(seen, [], 'it waits for a slot');
    assert.deepEqual([slots.waiting('g'), slots.begun('g')], [0, 1], 'and is counted once');
    end('next');
    await waiting;
    assert.deepEqual(seen, ['certificate']);
    ask('last', 'g');
    assert.deepEqual(began, ['slow', 'next'], 'and holds it');
    end('slow');
    assert.deepEqual(began, ['slow', 'next', 'last']);
    assert.equal(slots.begun('g'), 1);
  });

  it('those that are not needed for long are kept, and a failure goes on as one', async () => {
    const { began, ask, held } = bench(1);
    ask('a', 'g');
    ask('b', 'g');
    assert.equal(await held.get('a')?.patiently(Promise.resolve(7)), 7);
    mock.timers.tick(1000);
    assert.deepEqual(began, ['a']);
    await assert.rejects(held.get('a')?.patiently(Promise.reject(new RangeError('no'))) ?? Promise.resolve(), RangeError);
    assert.deepEqual(began, ['a']);
  });

  it('what was begun gets one back after the end, and nothing else does', async () => {
    const { slots, began, ask, end, held } = bench(1);
    ask('slow', 'g');
    let answer = (): void => undefined;
    const waiting = held.get('slow')?.patiently(new Promise<void>((resolve) => (answer = resolve)));
    mock.timers.tick(50);
    ask('next', 'h');
    ask('never', 'h');
    slots.close();
    answer();
    end('next');
    await waiting;
    assert.deepEqual(began, ['slow', 'next']);
  });
});

it('50,000 that wait cost each step no more time', (t) => {
  const run = (count: number): number => {
    const { began, ask, end } = bench(4);
    const start = process.cpuUsage();
    for (let i = 0; i < count; i += 1) ask(`n${i}`, `g${i % 3}`, `m${i % 5}`);
    for (let i = 0; i < count; i += 1) end(began[i] ?? '');
    assert.equal(began.length, count);
    return process.cpuUsage(start).user / count;
  };
  run(2000);
  const [few, many] = [run(2000), run(50_000)];
  t.diagnostic(`${many.toFixed(2)} µs each of 50,000, ${few.toFixed(2)} µs each of 2,000`);
  assert.ok(many < few * 10 + 50, `${many.toFixed(2)} µs each of 50,000, ${few.toFixed(2)} µs each of 2,000`);
});
