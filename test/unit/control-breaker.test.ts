import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Breaker } from '../../src/control/breaker.ts';

/** Pauses of 1, 2, 4, … 30 s less nothing: chance takes no part. */
function breaker(): Breaker {
  return new Breaker({ failures: 3, first: 1, max: 30, random: () => 0.999_999 });
}

/** So many questions, one after the other, that fail at `now`. Returns the pause that the last began, in whole seconds. */
function fail(each: Breaker, count: number, now: number, options?: { retryAfter?: number | null; atOnce?: boolean }): number | null {
  let pause: number | null = null;
  for (let i = 0; i < count; i += 1) pause = each.failed(each.ask(), now, options);
  return pause === null ? null : Math.round(pause);
}

describe('a CA', () => {
  it('is asked as long as it answers, and after fewer failures in a row than are too many', () => {
    const each = breaker();
    assert.equal(fail(each, 2, 0), null);
    assert.equal(each.wait(0), 0);
    each.answered(each.ask());
    assert.equal(fail(each, 2, 0), null, 'an answer in between begins the count anew');
    assert.equal(each.wait(0), 0);
    assert.equal(fail(each, 1, 0), 1, 'and the third in a row is too many');
  });

  it('is left alone after too many failures, until the pause is over', () => {
    const each = breaker();
    assert.equal(fail(each, 3, 5_000), 1);
    assert.equal(each.closed, false);
    assert.equal(Math.round(each.wait(5_400)), 600);
    assert.equal(each.wait(6_000), 0);
  });

  it('is asked by one after the pause, and by everybody once that one has an answer', () => {
    const each = breaker();
    fail(each, 3, 0);
    const probe = each.ask();
    assert.equal(each.wait(60_000), Infinity, 'the others wait for what comes of it');
    assert.equal(each.answered(probe), true);
    assert.equal(each.wait(60_000), 0);
    assert.equal(each.closed, true);
    assert.equal(each.answered(each.ask()), false, 'an answer that ends no pause is no news');
  });

  it('is left alone for twice as long each time that one fails, up to the longest pause, and for the first pause again once it has answered', () => {
    const each = breaker();
    assert.equal(fail(each, 3, 0), 1);
    for (const expected of [2, 4, 8, 16, 30, 30]) assert.equal(fail(each, 1, 1e9), expected);
    each.answered(each.ask());
    assert.equal(fail(each, 3, 2e9), 1);
  });

  it('is asked by another when the one that should have asked did not', () => {
    const each = breaker();
    fail(each, 3, 0);
    const probe = each.ask();
    each.notAsked(probe);
    assert.equal(each.wait(2_000), 0);
    each.notAsked(each.ask());
    assert.equal(each.closed, false, 'and not asking is no answer');
  });

  it('that says when to come back is left alone until then at its first word, but not for a year', () => {
    const each = breaker();
    assert.equal(fail(each, 1, 0, { retryAfter: 7 }), 7);
    assert.equal(fail(breaker(), 1, 0, { retryAfter: null }), null);
    assert.equal(fail(breaker(), 1, 0, { retryAfter: 365 * 86_400 }), 300);
  });

  it('that is not there is left alone at once', () => {
    assert.equal(fail(breaker(), 1, 0, { atOnce: true }), 1);
    assert.equal(fail(breaker(), 1, 0, { atOnce: false }), null);
  });

  it('is judged by nothing that was asked before a pause: neither does a late failure lengthen it, nor a late answer end it', () => {
    const each = breaker();
    const before = [each.ask(), each.ask()];
    fail(each, 3, 0);
    assert.equal(each.failed(before[0] ?? each.ask(), 900), null);
    assert.equal(Math.round(each.wait(900)), 100);
    assert.equal(each.answered(before[1] ?? each.ask()), false);
    assert.equal(Math.round(each.wait(900)), 100);
  });

  it('that is another one now is asked at once, by one', () => {
    const each = breaker();
    fail(each, 3, 0);
    each.renew();
    assert.equal(each.wait(0), 0);
    each.ask();
    assert.equal(each.wait(0), Infinity);
    const well = breaker();
    well.renew();
    well.ask();
    assert.equal(well.wait(0), 0, 'one that was well stays so');
  });
});
