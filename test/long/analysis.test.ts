import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findings, medianRest, slopePerMinute, type Bounds, type Rest, type Run, type Sample } from './analysis.ts';

const MINUTES = 20;
const QUICK: Bounds = { heapGrowth: 1, idleSockets: 4, newSeries: 5, newEntries: 100, trend: null };
const LONG: Bounds = { heapGrowth: 1, idleSockets: 0, newSeries: 5, newEntries: 100, trend: { from: 5, to: MINUTES, rssSlope: 0.2 } };
const REST: Rest = { heap: 20, sockets: 10, timers: 9, pending: 0, liveTimers: 20, abortListeners: 15, entries: 70_000, files: 24, series: 98 };

describe('what is found of a run', () => {
  it('is nothing when all is as before, in either form', () => {
    for (const bounds of [QUICK, LONG]) assert.deepEqual(findings(steady(), bounds), []);
  });

  it('is memory that grows by more than a fifth of a MB a minute, and not one that grows by less', () => {
    assert.match(one(findings(sampled(({ seconds }) => ({ rss: 100 + (0.25 * seconds) / 60 })), LONG)), /^resident memory grows by 0\.250 MB a minute/);
    assert.deepEqual(findings(sampled(({ seconds }) => ({ rss: 100 + (0.15 * seconds) / 60 })), LONG), []);
  });

  it('is growth that noise covers, and not the noise: garbage comes and goes by the ten MB', () => {
    const noise = ({ seconds }: Sample): number => 10 * (((seconds / 5) * 7919) % 13) / 13;
    assert.match(one(findings(sampled((at) => ({ rss: 100 + noise(at) + (0.4 * at.seconds) / 60 })), LONG)), /^resident memory/);
    assert.deepEqual(findings(sampled((at) => ({ rss: 100 + noise(at) })), LONG), []);
  });

  it('is no growth that ends with the warm-up, and one that begins after it', () => {
    assert.deepEqual(findings(sampled(({ seconds }) => ({ rss: 100 + Math.min(seconds, 300) / 10 })), LONG), []);
    assert.match(one(findings(sampled(({ seconds }) => ({ rss: 100 + Math.max(seconds - 300, 0) / 10 })), LONG)), /^resident memory grows by 6\.000/);
  });

  it('is a timer more or less at the last minutes than at the fifth, but no moment in which there are ten more', () => {
    for (const then of [11, 9]) assert.match(one(findings(sampled(({ seconds }) => ({ timers: seconds > 900 ? then : 10 })), LONG)), new RegExp(`^active timers under load at minutes 5 and 20: 10, then ${then}$`));
    assert.deepEqual(findings(sampled(({ seconds }) => ({ timers: seconds > 1100 && seconds < 1120 ? 20 : 10 })), LONG), []);
  });

  it('is not how many connections the pool has under load', () => {
    assert.deepEqual(findings(sampled(({ seconds }) => ({ sockets: seconds > 900 ? 15 : 10 })), LONG), []);
  });

  it('is each thing of which there is one more at rest', () => {
    const words = { timers: /^active timers at rest: 9, then 10$/, abortListeners: /^listeners on AbortSignals at rest/, files: /^open files at rest/, pending: /^1 requests wait at rest/ } as const;
    for (const bounds of [QUICK, LONG]) for (const [what, told] of Object.entries(words)) assert.match(one(findings(ended({ [what]: REST[what as keyof Rest] + 1 }), bounds)), told);
  });

  it('is one less of them in the long form, and not in the quick one, whose first rest is too short for a retry that is not needed any more to go', () => {
    for (const what of ['timers', 'abortListeners', 'files', 'sockets', 'liveTimers'] as const) {
      assert.match(one(findings(ended({ [what]: REST[what] - 1 }), LONG)), /at rest: \d+, then \d+$/);
      assert.deepEqual(findings(ended({ [what]: REST[what] - 1 }), QUICK), []);
    }
  });

  for (const [what, words] of [['sockets', 'open sockets'], ['liveTimers', 'timers in the heap']] as const) {
    it(`is one of the ${words} more at rest in the long form; in the quick one as many are fine as the pool may still hold, and no more`, () => {
      assert.match(one(findings(ended({ [what]: REST[what] + 1 }), LONG)), new RegExp(`^${words} at rest: \\d+, then \\d+$`));
      assert.deepEqual(findings(ended({ [what]: REST[what] + 4 }), QUICK), []);
      assert.match(one(findings(ended({ [what]: REST[what] + 5 }), QUICK)), new RegExp(`^${words} at rest: .*, and 4 more are allowed$`));
    });
  }

  it('is a metrics page that grows with the requests, and not a line or two for what happens for the first time', () => {
    for (const bounds of [QUICK, LONG]) {
      assert.match(one(findings(ended({ series: 104 }), bounds)), /^lines of the metrics page at rest: 98, then 104/);
      assert.deepEqual(findings(ended({ series: 103 }), bounds), []);
    }
  });

  it('is entries that are kept of many requests, and not those of a few', () => {
    for (const bounds of [QUICK, LONG]) {
      assert.match(one(findings(ended({ entries: 70_101 }), bounds)), /^entries of Maps, Sets and Arrays at rest: 70000, then 70101, and 100 more/);
      for (const entries of [70_100, 69_000]) assert.deepEqual(findings(ended({ entries }), bounds), []);
    }
  });

  it('is a heap that grew at rest by more than is allowed', () => {
    for (const bounds of [QUICK, LONG]) {
      assert.match(one(findings(ended({ heap: 21.01 }), bounds)), /^the heap at rest grew from 20\.00 to 21\.01 MB/);
      assert.deepEqual(findings(ended({ heap: 20.99 }), bounds), []);
    }
  });

  it('is that samples are missing where they are to be judged', () => {
    assert.match(one(findings({ ...steady(), samples: [] }, LONG)), /^no samples/);
    assert.deepEqual(findings({ ...steady(), samples: [] }, QUICK), []);
  });
});

it('the slope is that of the nearest line', () => {
  assert.equal(slopePerMinute([at(0, { rss: 1 }), at(60, { rss: 3 }), at(120, { rss: 5 })], 'rss'), 2);
  // By hand: the minutes 0, 1, 2 and the values 0, 3, 3 have means of 1 and 2, and ((-1)(-2) + 0 + 1) / 2 is 1.5.
  assert.equal(slopePerMinute([at(0, { rss: 0 }), at(60, { rss: 3 }), at(120, { rss: 3 })], 'rss'), 1.5);
  assert.equal(slopePerMinute([at(0, { rss: 7 })], 'rss'), 0);
});

it('a watch that is renewed during one of five looks at rest does not count', () => {
  const renewal = { ...REST, sockets: 11, abortListeners: 14 };
  assert.deepEqual(medianRest([REST, REST, renewal, REST, REST]), REST);
  assert.deepEqual(medianRest([renewal, REST, renewal, REST, renewal]), renewal);
});

function at(seconds: number, what: Partial<Sample> = {}): Sample {
  return { seconds, rss: 100, heap: 30, sockets: 10, timers: 10, pending: 0, ...what };
}

function steady(): Run {
  return sampled(() => ({}));
}

/** A sample each five seconds. */
function sampled(what: (sample: Sample) => Partial<Sample>): Run {
  const samples = Array.from({ length: (MINUTES * 60) / 5 }, (_, i) => at(i * 5)).map((sample) => ({ ...sample, ...what(sample) }));
  return { before: REST, samples, after: REST };
}

function ended(after: Partial<Rest>): Run {
  return { ...steady(), after: { ...REST, ...after } };
}

/** The only finding: what is found for another reason proves nothing. */
function one(found: readonly string[]): string {
  assert.equal(found.length, 1, found.join('; '));
  return found[0] ?? '';
}
