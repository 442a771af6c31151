import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Queue, type Outcome, type QueueOptions } from '../../src/control/queue.ts';

/** Work that ends when the test says so, and what the queue did with it. */
type Bench = {
  readonly queue: Queue;
  /** Names in the order in which work on them began. */
  readonly began: readonly string[];
  /** Ends the work on a name that is under way. */
  readonly end: (name: string, outcome?: Outcome | Error) => Promise<void>;
  /** Ends whatever is under way, and what follows, until nothing is. */
  readonly drain: () => Promise<void>;
  readonly running: ReadonlySet<string>;
  readonly bugs: readonly string[];
  readonly stop: AbortController;
  /** Whether the work was told to break off. */
  readonly cut: () => boolean;
};

function bench(options: Partial<QueueOptions> = {}): Bench {
  const stop = new AbortController();
  const began: string[] = [];
  const bugs: string[] = [];
  let given: AbortSignal | null = null;
  const underWay = new Map<string, { resolve: (outcome: Outcome) => void; reject: (error: Error) => void }>();
  const running = new Set<string>();
  const work = (name: string, signal: AbortSignal): Promise<Outcome> => {
    given = signal;
    assert.ok(!running.has(name), `${name} is worked on twice at once`);
    began.push(name);
    running.add(name);
    return new Promise<Outcome>((resolve, reject) => underWay.set(name, { resolve, reject })).finally(() => running.delete(name));
  };
  const queue = new Queue({ work, onBug: (name) => bugs.push(name), random: () => 0.5, nextTurn: (run) => run(), ...options }, stop.signal);
  const end = async (name: string, outcome: Outcome | Error = 'done'): Promise<void> => {
    const job = underWay.get(name);
    assert.ok(job, `${name} is not under way`);
    underWay.delete(name);
    if (outcome instanceof Error) job.reject(outcome);
    else job.resolve(outcome);
    await settled();
  };
  const drain = async (): Promise<void> => {
    for (let names = [...underWay.keys()]; names.length > 0; names = [...underWay.keys()]) for (const name of names) await end(name);
  };
  return { queue, began, bugs, end, drain, running, stop, cut: () => given?.aborted ?? false };
}

/** All promises that are already decided have had their turn. setImmediate is real: only setTimeout is mocked. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

async function pass(seconds: number): Promise<void> {
  mock.timers.tick(Math.round(seconds * 1000));
  await settled();
}

describe('a name', () => {
  it('that is added often while it waits is worked on once', async () => {
    const { queue, began, drain } = bench({ concurrency: 1 });
    queue.add('busy', 'g');
    for (let i = 0; i < 5; i += 1) queue.add('x', 'g');
    assert.equal(queue.size, 1);
    await drain();
    assert.deepEqual(began, ['busy', 'x']);
  });

  it('that is added while it is worked on is worked on again afterwards, once', async () => {
    const { queue, began, end, drain } = bench();
    queue.add('x', 'g');
    for (let i = 0; i < 3; i += 1) queue.add('x', 'g');
    assert.deepEqual(began, ['x'], 'never twice at once');
    await end('x');
    assert.deepEqual(began, ['x', 'x']);
    await drain();
    assert.deepEqual(began, ['x', 'x']);
    assert.equal(queue.size, 0);
  });

  it('that was finished is worked on again when it is added again', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    await end('x');
    queue.add('x', 'g');
    assert.deepEqual(began, ['x', 'x']);
  });
});

describe('names together', () => {
  it('are worked on side by side, up to the limit', async () => {
    const { queue, began, end, running } = bench({ concurrency: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.add(name, 'g');
    assert.deepEqual(began, ['a', 'b', 'c']);
    await end('b');
    assert.deepEqual(began, ['a', 'b', 'c', 'd']);
    assert.equal(running.size, 3);
  });

  it('begin eight in each turn of the event loop, so that the write of the first is not behind what all of them compute', async () => {
    const turns: (() => void)[] = [];
    const { queue, began, drain } = bench({ concurrency: 32, nextTurn: (run) => turns.push(run) });
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    for (const name of names) queue.add(name, 'g');
    assert.deepEqual(began, []);
    for (const count of [8, 16, 20]) {
      assert.equal(turns.length, 1);
      turns.pop()?.();
      assert.deepEqual(began, names.slice(0, count));
    }
    await drain();
  });

  it('of one group are worked on in the order in which they came', async () => {
    const { queue, began, drain } = bench({ concurrency: 1 });
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    for (const name of names) queue.add(name, 'g');
    await drain();
    assert.deepEqual(began, names);
  });

  it('of another group wait one turn behind a flood, not its length', async () => {
    const { queue, began, end, drain } = bench({ concurrency: 1 });
    for (let i = 0; i < 1000; i += 1) queue.add(`flood ${i}`, 'noisy');
    queue.add('one', 'quiet');
    await end('flood 0');
    assert.deepEqual(began, ['flood 0', 'one']);
    await end('one');
    queue.add('two', 'quiet');
    await end('flood 1');
    assert.deepEqual(began, ['flood 0', 'one', 'flood 1', 'two']);
    await drain();
    assert.equal(began.length, 1002);
  });

  it('of several groups take turns, whoever came first with how many', async () => {
    const { queue, began, drain } = bench({ concurrency: 1 });
    queue.add('busy', 'x');
    for (const group of ['a', 'b', 'c']) for (let i = 0; i < 3; i += 1) queue.add(`${group}${i}`, group);
    await drain();
    assert.deepEqual(began, ['busy', 'a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });
});

describe('groups that share a lane', () => {
  const lane = 'Issuers of noisy';

  it('have one turn between them, and share it', async () => {
    const { queue, began, drain } = bench({ concurrency: 1 });
    queue.add('busy', 'x');
    for (const issuer of ['n', 'o', 'p']) for (let i = 0; i < 2; i += 1) queue.add(`${issuer}${i}`, issuer, { lane, member: issuer });
    for (let i = 0; i < 3; i += 1) queue.add(`q${i}`, 'quiet');
    await drain();
    assert.deepEqual(began, ['busy', 'n0', 'q0', 'o0', 'q1', 'p0', 'q2', 'n1', 'o1', 'p1']);
  });

  it('are told apart in what waits, and called apart', async () => {
    const { queue, began, end } = bench({ concurrency: 2 });
    queue.add('n0', 'n', { lane, member: 'n' });
    queue.add('o0', 'o', { lane, member: 'o' });
    queue.add('o1', 'o', { lane, member: 'o' });
    assert.deepEqual([queue.waiting('n'), queue.waiting('o')], [{ turn: 0, running: 1, retry: 0 }, { turn: 1, running: 1, retry: 0 }]);
    await end('n0', { retryAfter: 3600 });
    await end('o0', { retryAfter: 3600 });
    await end('o1');
    assert.deepEqual([queue.waiting('n'), queue.waiting('o')], [{ turn: 0, running: 0, retry: 1 }, { turn: 0, running: 0, retry: 1 }]);
    queue.nudge('o');
    assert.deepEqual(began, ['n0', 'o0', 'o1', 'o0']);
  });
});

describe('a retry', () => {
  it('comes after a wait that doubles, half of it by chance', async () => {
    for (const [random, waits] of [[0, [0.05, 0.1, 0.2]], [0.999, [0.09995, 0.1999, 0.3998]]] as const) {
      const { queue, began, end } = bench({ random: () => random });
      queue.add('x', 'g');
      for (const [i, wait] of waits.entries()) {
        await end('x', { retryAfter: null });
        await pass(wait - 0.002);
        assert.equal(began.length, i + 1, `not before ${wait} s`);
        await pass(0.003);
        assert.equal(began.length, i + 2, `after ${wait} s`);
      }
    }
  });

  it('waits no longer than the longest wait, however often it failed', async () => {
    const { queue, began, end } = bench({ random: () => 0.999, backoff: { first: 0.1, max: 2 } });
    queue.add('x', 'g');
    for (let i = 0; i < 50; i += 1) {
      await end('x', { retryAfter: null });
      await pass(2);
      assert.equal(began.length, i + 2);
    }
  });

  it('comes no sooner than it was asked for', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    await end('x', { retryAfter: 10 });
    await pass(9.99);
    assert.equal(began.length, 1);
    await pass(0.01);
    assert.equal(began.length, 2);
  });

  it('that is to come in a year comes tomorrow: a timer cannot wait longer than 24 days and would fire at once', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    await end('x', { retryAfter: 365 * 24 * 3600 });
    await pass(24 * 3600 - 1);
    assert.equal(began.length, 1);
    await pass(1);
    assert.equal(began.length, 2);
  });

  it('is not waited for when there is news of its name', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    await end('x', { retryAfter: 10 });
    queue.add('x', 'g');
    assert.equal(began.length, 2);
    await end('x');
    await pass(20);
    assert.equal(began.length, 2, 'and does not come a second time');
  });

  it('is not waited for when there was news while it was worked on', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    queue.add('x', 'g');
    await end('x', { retryAfter: 10 });
    assert.equal(began.length, 2);
  });

  it('starts from the first wait again after a success', async () => {
    const { queue, began, end } = bench();
    queue.add('x', 'g');
    for (let i = 0; i < 8; i += 1) {
      await end('x', { retryAfter: null });
      await pass(30);
    }
    await end('x');
    queue.add('x', 'g');
    await end('x', { retryAfter: null });
    const before = began.length;
    await pass(0.1);
    assert.equal(began.length, before + 1);
  });

  it('takes its turn in the lane of its group', async () => {
    const { queue, began, end, drain } = bench({ concurrency: 1 });
    queue.add('x', 'g');
    await end('x', { retryAfter: null });
    queue.add('y', 'g');
    for (const name of ['p', 'q']) queue.add(name, 'h');
    await pass(1);
    await drain();
    assert.deepEqual(began, ['x', 'y', 'p', 'x', 'q']);
  });
});

describe('a name that is gone', () => {
  it('takes its retry with it, and begins anew should it come back; another one keeps its own', async () => {
    const { queue, began, end } = bench();
    for (const name of ['gone', 'kept']) queue.add(name, 'a');
    for (const name of ['gone', 'kept']) await end(name, { retryAfter: 3600 });
    assert.equal(queue.size, 2);
    queue.forget('gone');
    assert.equal(queue.size, 1);
    assert.equal(queue.waiting('a').retry, 1);
    mock.timers.tick(2 * 3600_000);
    assert.deepEqual(began, ['gone', 'kept', 'kept']);
  });

  it('lets whoever waits for the end of all work go on', async () => {
    const { queue, end } = bench();
    queue.add('gone', 'a');
    await end('gone', { retryAfter: 3600 });
    const idle = queue.onIdle();
    queue.forget('gone');
    await idle;
  });
});

describe('a nudge', () => {
  it('brings the retries of its group at once, and no others', async () => {
    const { queue, began, end } = bench();
    for (const [name, group] of [['x', 'g'], ['y', 'g'], ['z', 'h']] as const) queue.add(name, group);
    for (const name of ['x', 'y', 'z']) await end(name, { retryAfter: 30 });
    queue.nudge('g');
    assert.deepEqual(began, ['x', 'y', 'z', 'x', 'y']);
    await end('x');
    await pass(30);
    assert.deepEqual(began, ['x', 'y', 'z', 'x', 'y', 'z'], 'each comes once');
  });

  it('of a group that waits for nothing does nothing', () => {
    const { queue, began } = bench();
    queue.nudge('g');
    assert.deepEqual(began, []);
  });
});

describe('a bug', () => {
  it('is reported, and its name tried again after a minute', async () => {
    const { queue, began, bugs, end } = bench();
    queue.add('x', 'g');
    queue.add('y', 'g');
    await end('x', new TypeError('x is not a function'));
    assert.deepEqual(bugs, ['x']);
    await end('y');
    await pass(59.9);
    assert.deepEqual(began, ['x', 'y'], 'the others go on');
    await pass(0.1);
    assert.deepEqual(began, ['x', 'y', 'x']);
  });

  it('that is thrown before the first await is one too', async () => {
    const reported: unknown[] = [];
    const stop = new AbortController();
    const queue = new Queue({ work: () => { throw new TypeError('sync'); }, onBug: (name, error) => reported.push(name, (error as Error).message) }, stop.signal);
    queue.add('x', 'g');
    await settled();
    assert.deepEqual(reported, ['x', 'sync']);
    stop.abort();
  });
});

describe('the end', () => {
  it('drops what waits for its turn or a retry, and lets what runs finish', async () => {
    const { queue, began, end, stop } = bench({ concurrency: 1 });
    queue.add('retried', 'g');
    await end('retried', { retryAfter: 1 });
    queue.add('runs', 'g');
    queue.add('waits', 'g');
    queue.add('runs', 'g');
    stop.abort();
    assert.equal(queue.size, 0);
    let idle = false;
    const over = queue.onIdle().then(() => (idle = true));
    await settled();
    assert.equal(idle, false, 'what runs is waited for');
    await end('runs');
    await over;
    await pass(100);
    assert.deepEqual(began, ['retried', 'runs']);
  });

  it('takes nothing in any more', async () => {
    const { queue, began, stop } = bench();
    stop.abort();
    queue.add('x', 'g');
    assert.deepEqual([began, queue.size], [[], 0]);
    await queue.onIdle();
  });

  it('lets work in flight finish for its time of grace, then tells it to break off', async () => {
    const { queue, cut, stop } = bench({ grace: 5 });
    queue.add('x', 'g');
    stop.abort();
    await pass(4.9);
    assert.equal(cut(), false);
    await pass(0.1);
    assert.equal(cut(), true);
  });

  it('makes no retry of trouble, and no bug of an exception in work that was told to break off', async () => {
    const { queue, began, bugs, end, stop } = bench({ grace: 5 });
    for (const name of ['x', 'y', 'z']) queue.add(name, 'g');
    stop.abort();
    await end('x', { retryAfter: 1 });
    await end('y', new Error('a bug is a bug in time of grace too'));
    await pass(5);
    await end('z', new Error('aborted'));
    await pass(100);
    assert.deepEqual([bugs, began], [['y'], ['x', 'y', 'z']]);
  });
});

describe('idleness', () => {
  it('is at once where there is nothing to do', async () => {
    await bench().queue.onIdle();
  });

  it('is when nothing runs, waits, or is to be retried', async () => {
    const { queue, end } = bench({ concurrency: 1 });
    queue.add('x', 'g');
    queue.add('y', 'g');
    let idle = 0;
    const over = Promise.all([queue.onIdle().then(() => (idle += 1)), queue.onIdle().then(() => (idle += 1))]);
    await end('x', { retryAfter: 1 });
    await end('y');
    assert.equal(idle, 0, 'a retry is to come');
    await pass(1);
    await end('x');
    await over;
    assert.equal(idle, 2);
    assert.equal(queue.size, 0);
  });
});
