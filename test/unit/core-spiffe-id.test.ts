import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTrustDomain, parseWorkloadIdentity, serviceAccountUser } from '../../src/core/spiffe-id.ts';

describe('the SPIFFE ID of a workload', () => {
  it('is read into its three parts', () => {
    assert.deepEqual(parseWorkloadIdentity('spiffe://cluster.local/ns/foo/sa/a.b-c'), { trustDomain: 'cluster.local', namespace: 'foo', serviceAccount: 'a.b-c' });
    assert.deepEqual(parseWorkloadIdentity('spiffe://my_mesh-1/ns/1/sa/2'), { trustDomain: 'my_mesh-1', namespace: '1', serviceAccount: '2' });
  });

  it('gives the user name that the API server gives its tokens', () => {
    assert.equal(serviceAccountUser({ trustDomain: 'td', namespace: 'foo', serviceAccount: 'app' }), 'system:serviceaccount:foo:app');
  });

  it('has names as long as Kubernetes allows, and no longer', () => {
    const id = (td: number, ns: number, sa: number): string => `spiffe://${'t'.repeat(td)}/ns/${'n'.repeat(ns)}/sa/${'a'.repeat(sa)}`;
    assert.notEqual(parseWorkloadIdentity(id(255, 63, 253)), null);
    for (const [td, ns, sa] of [[256, 63, 253], [255, 64, 253], [255, 63, 254], [0, 63, 253], [255, 0, 253], [255, 63, 0]] as const) {
      assert.equal(parseWorkloadIdentity(id(td, ns, sa)), null);
    }
  });

  it('is nothing but the strict form', () => {
    const strict = 'spiffe://td/ns/foo/sa/app';
    assert.notEqual(parseWorkloadIdentity(strict), null);
    const others = [
      ...['', 'spiffe:', 'spiffe://', 'spiffe://td', 'td/ns/foo/sa/app', ' spiffe://td/ns/foo/sa/app'],
      ...[`${strict}/`, `${strict}\n`, `${strict} `, `${strict}.`, `${strict}?`, `${strict}#`, strict.toUpperCase()],
      ...['spiffe://td/ns/foo-/sa/app', 'spiffe://td/ns/-foo/sa/app', 'spiffe://td/ns/f_o/sa/app', 'spiffe://td/ns/foo/sa/a..b', 'spiffe://td/ns/foo/sa/.a', 'spiffe://td/ns/foo/sa/a_b'],
      ...['spiffe://td/NS/foo/sa/app', 'spiffe://td/ns/foo/SA/app', 'spiffe://td/ns/foo/app', 'spiffe://td//ns/foo/sa/app', 'spiffe://td/ns/foo/sa/app/..'],
      ...['spiffe://td/ns/fоo/sa/app', 'spiffe://td/ns/foo\u200b/sa/app', 'spiffe://td:1/ns/foo/sa/app', 'spiffe://a@td/ns/foo/sa/app'],
    ];
    assert.deepEqual(others.filter((text) => parseWorkloadIdentity(text) !== null), []);
  });
});

describe('a trust domain', () => {
  it('is lower-case letters, digits, dots, dashes and underscores', () => {
    assert.deepEqual(['cluster.local', 'a', 'td_1-x'].filter((text) => !isTrustDomain(text)), []);
    assert.deepEqual(['', 'Cluster.local', 'a/b', 'a b', 'a:1', 'ä', 'a\n'].filter((text) => isTrustDomain(text)), []);
  });
});
