import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { compileForBursts } from '../../src/cli/engine.ts';

describe('how V8 compiles', () => {
  it('is patient for a thousand certificates, and then as V8 is by itself', () => {
    const flags: string[] = [];
    const issued = compileForBursts('11.3.244.8-node.33', (each) => flags.push(each));
    assert.deepEqual(flags.splice(0), ['--always-sparkplug', '--interrupt-budget=400000']);
    for (let i = 0; i < 999; i += 1) issued();
    assert.deepEqual(flags, []);
    for (let i = 0; i < 5_000; i += 1) issued();
    assert.deepEqual(flags, ['--interrupt-budget=67584'], 'once');
  });

  if (process.versions.v8.startsWith('11.')) it('afterwards it is what this V8 takes by itself', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options'], { env: {} });
    assert.match(stdout, /^ +type: int +default: --interrupt-budget=67584$/m);
  });

  it('is left as it is where V8 has other compilers', () => {
    const flags: string[] = [];
    const issued = compileForBursts('12.4.254.21-node.33', (each) => flags.push(each));
    for (let i = 0; i < 3_000; i += 1) issued();
    assert.deepEqual(flags, []);
  });
});
