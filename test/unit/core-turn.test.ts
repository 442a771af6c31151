import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnOf } from '../../src/core/turn.ts';

const of = (username: string) => ({ username, uid: '', groups: [] });
const owner = of('system:serviceaccount:shop:cart');

describe('whose turn a request needs', () => {
  it('of a signer of the configuration is the signer\'s, and in it that of who asks', () => {
    assert.deepEqual(turnOf('clusterissuers.cert-manager.io/shop', owner, true), { lane: 'clusterissuers.cert-manager.io/shop', member: 'shop' });
    assert.deepEqual(turnOf('clusterissuers.cert-manager.io/shop', of('mallory'), true), { lane: 'clusterissuers.cert-manager.io/shop', member: 'user mallory' });
  });

  it('of the Issuers of a namespace is one for all, however many there are, and another namespace has its own', () => {
    const lanes = ['shop.a', 'shop.b', 'bank.a'].map((name) => turnOf(`issuers.cert-manager.io/${name}`, owner, false).lane);
    assert.deepEqual(lanes, ['Issuers of shop', 'Issuers of shop', 'Issuers of bank']);
  });

  it('within those differs by Issuer and by who asks', () => {
    const members = [['shop.a', owner], ['shop.b', owner], ['shop.a', of('mallory')]] as const;
    assert.equal(new Set(members.map(([name, requester]) => turnOf(`issuers.cert-manager.io/${name}`, requester, false).member)).size, 3);
  });

  it('of an Issuer that the configuration names, or of a ClusterIssuer that is found, is its own', () => {
    assert.equal(turnOf('issuers.cert-manager.io/shop.a', owner, true).lane, 'issuers.cert-manager.io/shop.a');
    assert.equal(turnOf('clusterissuers.cert-manager.io/a', owner, false).lane, 'clusterissuers.cert-manager.io/a');
  });

  it('of a request that is gone is nobody\'s in the same lane', () => {
    assert.deepEqual(turnOf('clusterissuers.cert-manager.io/a', undefined, false), { lane: 'clusterissuers.cert-manager.io/a', member: '' });
  });
});
