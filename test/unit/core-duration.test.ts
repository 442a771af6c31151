import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { durationText, parseDuration } from '../../src/core/duration.ts';

describe('a duration', () => {
  it('is read as Go reads it, and in days', () => {
    const seconds: Readonly<Record<string, number>> = { '0': 0, '24h': 86400, '1h30m': 5400, '1.5h': 5400, '.5h': 1800, '90s': 90, '1500ms': 1.5, '7d': 604800, '1d12h': 129600, '1s1h': 3601, '2160h0m0s': 7776000, '0s': 0 };
    for (const [text, expected] of Object.entries(seconds)) assert.equal(parseDuration(text), expected, text);
    assert.ok(Math.abs((parseDuration('1us1ns1µs') ?? 0) - 2.001e-6) < 1e-12);
  });

  it('is nothing else', () => {
    const others = ['', ' ', '1', '24', 'h', '1h ', ' 1h', '1 h', '-1h', '+1h', '1h30', '1w', '1H', '1e3s', '0x1s', '1,5h', '.h', '1h-1m', 'Infinityh', 'NaNs', `${'9'.repeat(400)}h`, '1h\n'];
    assert.deepEqual(others.filter((text) => parseDuration(text) !== null), []);
  });

  it('read twice is the same: nothing is left over from a text that was none', () => {
    assert.equal(parseDuration('1h30x'), null);
    assert.equal(parseDuration('1h30m'), 5400);
    assert.equal(parseDuration('1h30m'), 5400);
  });
});

describe('the text of a duration', () => {
  it('is the shortest of Go\'s forms, in whole seconds', () => {
    const texts: readonly (readonly [number, string])[] = [[0, '0s'], [0.4, '0s'], [-0.4, '0s'], [1, '1s'], [59.6, '1m'], [3600, '1h'], [5400, '1h30m'], [3661, '1h1m1s'], [86400, '24h'], [315360000, '87600h'], [-90, '-1m30s']];
    for (const [seconds, text] of texts) assert.equal(durationText(seconds), text);
  });

  it('is read back as the same duration', () => {
    for (const seconds of [1, 59, 60, 61, 3599, 86399, 86400, 7776000]) assert.equal(parseDuration(durationText(seconds)), seconds);
  });
});
