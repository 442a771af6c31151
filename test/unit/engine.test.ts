import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileForBursts } from '../../src/cli/engine.ts';

describe('how V8 compiles', () => {
  it('is patient until two thousand requests are decided, and then as usual', () => {
    const flags: string[] = [];
    const decided = compileForBursts('11.3.244.8-node.33', (each) => flags.push(each));
    assert.deepEqual(flags.splice(0), ['--always-sparkplug', '--interrupt-budget=400000']);
    for (let i = 0; i < 1_999; i += 1) decided();
    assert.deepEqual(flags, []);
    for (let i = 0; i < 5_000; i += 1) decided();
    assert.deepEqual(flags, ['--interrupt-budget=135168'], 'once');
  });

  it('is left as it is where V8 has other compilers', () => {
    const flags: string[] = [];
    const decided = compileForBursts('12.4.254.21-node.33', (each) => flags.push(each));
    for (let i = 0; i < 3_000; i += 1) decided();
    assert.deepEqual(flags, []);
  });
});
