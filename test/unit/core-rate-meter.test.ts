import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateMeter } from '../../src/core/rate-meter.ts';
import { parseRate, rateText } from '../../src/core/limits.ts';

/** How many of those who ask as often as they can go within so many seconds. */
function goes(meter: RateMeter, from: number, seconds: number): number {
  let count = 0;
  for (let now = from; now < from + seconds * 1000; now += Math.max(meter.wait(now), 1e-9)) {
    if (meter.wait(now) > 0) continue;
    meter.take(now);
    count += 1;
  }
  return count;
}

describe('a rate', () => {
  it('lets as many go at once as it counts, and then one after the other', () => {
    const meter = new RateMeter({ count: 10, seconds: 1 });
    for (let i = 0; i < 10; i += 1) {
      assert.equal(meter.wait(0), 0, `${i}`);
      meter.take(0);
    }
    assert.ok(Math.abs(meter.wait(0) - 100) < 0.001);
    assert.equal(meter.wait(100), 0);
    meter.take(100);
    assert.ok(Math.abs(meter.wait(100) - 100) < 0.001);
  });

  it('is what goes in the long run, whatever it is written in', () => {
    for (const [text, seconds, expected] of [['10/s', 60, 610], ['300/m', 60, 600], ['7200/h', 60, 7320]] as const) {
      const meter = new RateMeter(parseRate(text) ?? { count: 0, seconds: 0 });
      const count = goes(meter, 0, seconds);
      assert.ok(Math.abs(count - expected) <= 1, `${text}: ${count}`);
    }
  });

  it('saves no more than it counts while nobody asks', () => {
    const meter = new RateMeter({ count: 3, seconds: 1 });
    meter.take(0);
    assert.equal(meter.isRested(0), false);
    assert.equal(meter.isRested(1e6), true);
    for (let i = 0; i < 3; i += 1) meter.take(1e6);
    assert.ok(meter.wait(1e6) > 0);
  });

  it('may have a burst of its own, takes none that has to wait, and has no more than its burst after a rest', () => {
    const meter = new RateMeter({ count: 1, seconds: 5, burst: 3 });
    assert.deepEqual([0, 0, 0, 0, 0].map((now) => meter.tryTake(now)), [0, 0, 0, 5000, 5000]);
    assert.deepEqual([4999, 5000, 5000].map((now) => meter.tryTake(now)), [1, 0, 5000]);
    assert.deepEqual([1e6, 1e6, 1e6, 1e6].map((now) => meter.tryTake(now)), [0, 0, 0, 5000]);
  });

  it('forgets one that did not go', () => {
    const meter = new RateMeter({ count: 1, seconds: 60 });
    meter.take(0);
    assert.ok(meter.wait(0) > 59_000);
    meter.giveBack();
    assert.equal(meter.wait(0), 0);
  });

  it('is written as a number for a second, a minute or an hour, and as nothing else', () => {
    for (const text of ['1/s', '50/s', '300/m', '1000/h', '999999/h']) assert.equal(rateText(parseRate(text) ?? { count: 0, seconds: 0 }), text);
    for (const text of ['', '50', '0/s', '-1/s', '1.5/s', '50/sec', '50 /s', '1/d', '1000000/s', '05/s']) assert.equal(parseRate(text), null, text);
  });
});
