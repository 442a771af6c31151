import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig, type Problem } from '../../src/config.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';

const signer = (limits: string): string => `signers:\n  - name: example.test/foo\n    ca: { secret: cas/foo }\n    allow: { namespaces: foo }\n    limits: ${limits}\n`;

function limits(text: string): Limits | undefined {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config.signers[0]?.limits;
}

function problems(text: string): readonly Problem[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems;
}

describe('limits', () => {
  it('that are not written are those of yesterday: no rate, and a concurrency that only a CA across a network reaches', () => {
    assert.deepEqual(limits(signer('{}')), DEFAULT_LIMITS);
    assert.deepEqual(limits(signer('{}').replace('    limits: {}\n', '')), DEFAULT_LIMITS);
  });

  it('that are written are taken, each by itself', () => {
    assert.deepEqual(limits(signer('{ rate: 50/s, concurrency: 4, timeout: 1m30s, perNamespace: { rate: 100/m, concurrency: 2 } }')), {
      rate: { count: 50, seconds: 1 }, concurrency: 4, timeout: 90, perNamespace: { rate: { count: 100, seconds: 60 }, concurrency: 2 },
    });
    assert.deepEqual(limits(signer('{ perNamespace: { rate: 1000/h } }')), { ...DEFAULT_LIMITS, perNamespace: { rate: { count: 1000, seconds: 3600 }, concurrency: null } });
  });

  it('that are wrong are told with their place, what was found and what is allowed', () => {
    const wrong = signer('{ rate: 50, concurrency: 0, timeout: 10m, perNamespace: { rate: 1/day, concurrency: 1.5, burst: 3 } }');
    assert.deepEqual(problems(wrong).map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`), [
      '5:15 signers[0].limits.rate must be a rate such as "50/s", "300/m" or "1000/h": at most 999999 in a second, a minute or an hour, found 50',
      '5:25 signers[0].limits.concurrency must be a whole number from 1 to 1000, found 0',
      '5:41 signers[0].limits.timeout must be a duration from "1s" to "5m", found "10m"',
      '5:71 signers[0].limits.perNamespace.rate must be a rate such as "50/s", "300/m" or "1000/h": at most 999999 in a second, a minute or an hour, found "1/day"',
      '5:84 signers[0].limits.perNamespace.concurrency must be a whole number from 1 to 1000, found 1.5',
      '5:102 signers[0].limits.perNamespace.burst is not a key that Signet knows here',
    ]);
    limits(signer('{ rate: 50/s, concurrency: 1, timeout: 5m, perNamespace: { rate: 1/h, concurrency: 1 } }'));
  });

  it('of a namespace that exceed its signer\'s are a mistake, whatever unit they are written in', () => {
    for (const [wrong, told, right] of [
      ['{ rate: 1/s, perNamespace: { rate: 61/m } }', 'signers[0].limits.perNamespace.rate: 61/m for one namespace has no effect: all together have 1/s', '{ rate: 1/s, perNamespace: { rate: 60/m } }'],
      ['{ concurrency: 4, perNamespace: { concurrency: 5 } }', 'signers[0].limits.perNamespace.concurrency: 5 for one namespace has no effect: all together have 4', '{ concurrency: 4, perNamespace: { concurrency: 4 } }'],
      ['{ perNamespace: { concurrency: 33 } }', 'signers[0].limits.perNamespace.concurrency: 33 for one namespace has no effect: all together have 32', '{ perNamespace: { concurrency: 32 } }'],
    ] as const) {
      assert.deepEqual(problems(signer(wrong)).map(({ path, message }) => `${path}: ${message}`), [told]);
      limits(signer(right));
    }
  });
});
