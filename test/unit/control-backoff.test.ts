import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoff } from '../../src/control/backoff.ts';

describe('backoff', () => {
  const at = (attempt: number, random: number): number => backoff(attempt, { first: 0.1, max: 30, random: () => random });

  it('doubles from the first wait to the longest, of which half is left to chance', () => {
    assert.deepEqual([0, 1, 2, 3].map((attempt) => at(attempt, 0)), [0.05, 0.1, 0.2, 0.4]);
    for (const attempt of [0, 1, 2, 3]) assert.ok(Math.abs(at(attempt, 0.5) - 0.075 * 2 ** attempt) < 1e-9);
    for (const attempt of [9, 10, 31, 1000, Number.MAX_SAFE_INTEGER]) {
      assert.equal(at(attempt, 0), 15);
      assert.ok(at(attempt, 0.999999) < 30);
    }
  });
});
