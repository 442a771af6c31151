import assert from 'node:assert/strict';
import { it } from 'node:test';
import { observe } from '../../src/adapters/kubernetes/observe.ts';
import type { Observed } from '../../src/core/observed.ts';

const DURATION = 'experimental.cert-manager.io/request-duration';
const FOR_A_CA = 'experimental.cert-manager.io/request-is-ca';

function annotationsOf(annotations: Record<string, string>): Record<string, string> {
  const seen = observe({ metadata: { name: 'csr-1', uid: 'u-1', resourceVersion: '1', annotations }, spec: { signerName: 'example.test/foo', request: 'eA==' } }) as Observed;
  return seen.annotations;
}

it('of the annotations of a request those are kept that may be read or named', () => {
  const few = { [DURATION]: '1h', [FOR_A_CA]: 'true', 'experimental.cert-manager.io/another': 'x', 'signet.dev/policy': 'allow[0]' };
  assert.deepEqual(annotationsOf({ ...few, 'example.test/note': 'x', 'experimental.cert-manager.io/long': 'x'.repeat(1025) }), few);
});

it('of thousands sixteen are kept, and none that is read is lost among them', () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`signet.dev/a${i}`, '']));
  const asking = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`experimental.cert-manager.io/a${i}`, '']));
  const kept = annotationsOf({ ...many, ...asking, [FOR_A_CA]: 'true', [DURATION]: '1h' });
  assert.equal(Object.keys(kept).length, 16);
  assert.deepEqual(Object.keys(kept).slice(0, 3), [DURATION, FOR_A_CA, 'experimental.cert-manager.io/a0']);
  assert.deepEqual(Object.keys(annotationsOf({ ...many, 'experimental.cert-manager.io/another': '' })).slice(0, 2), ['experimental.cert-manager.io/another', 'signet.dev/a0']);
});
