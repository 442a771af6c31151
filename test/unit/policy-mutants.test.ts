import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALTERNATIVE_RULES, GENERAL_RULES } from '../../src/core/policy.ts';
import { POLICY_CASES, verdict } from './core-policy-cases.ts';

/** A rule whose absence no case notices is either not needed or not tested: neither may stay. */
describe('with one rule of the policy switched off', () => {
  for (const { id } of [...GENERAL_RULES, ...ALTERNATIVE_RULES]) {
    it(`${id}: its cases are let through, and no others`, () => {
      const own = POLICY_CASES.filter(({ rule }) => rule === id);
      assert.ok(own.length > 0);
      for (const { ask, refused } of own) {
        assert.equal(verdict(ask).allowed, false, refused);
        assert.equal(verdict(ask, { without: [id] }).allowed, true, `${refused} stays refused without its rule`);
      }
      for (const { ask, refused } of POLICY_CASES.filter(({ rule }) => rule !== id)) {
        assert.equal(verdict(ask, { without: [id] }).allowed, false, `${refused} is refused by another rule than it says`);
      }
    });
  }
});
