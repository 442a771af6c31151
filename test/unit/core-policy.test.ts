import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALTERNATIVE_RULES, GENERAL_RULES } from '../../src/core/policy.ts';
import { KEY_KINDS } from '../support/keys.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { dns, email, ip, spiffe, uri } from '../support/requests.ts';
import { BAR, FOO, POLICY, POLICY_CASES, REST, verdict, whole, type Ask } from './core-policy-cases.ts';

describe('policy', () => {
  for (const { rule, refused, ask, violations, accepted, twin } of POLICY_CASES) {
    it(`${rule}: refuses ${refused}; accepts ${accepted}`, () => {
      const verdictOnAsk = verdict(ask);
      assert.equal(verdictOnAsk.allowed, false);
      assert.deepEqual(verdictOnAsk.violations, violations);
      assert.equal(differences(whole(ask), whole({ ...ask, ...twin })), 1, 'the twin differs in one detail');
      assertAllowed({ ...ask, ...twin });
    });
  }

  it('has a case for each of its rules, and no rule twice', () => {
    const rules = [...GENERAL_RULES, ...ALTERNATIVE_RULES].map(({ id }) => id);
    assert.deepEqual([...new Set(POLICY_CASES.map(({ rule }) => rule))].sort(), [...rules].sort());
  });
});

describe('names that resemble an allowed one', () => {
  const id = 'spiffe://cluster.local/ns/foo/sa/app';
  /** None of these is the strict form, so none of them is a workload to us, whatever it is to the next reader. */
  const lookAlikes: Readonly<Record<string, string>> = {
    'an upper-case trust domain': 'spiffe://Cluster.local/ns/foo/sa/app',
    'an upper-case scheme': 'SPIFFE://cluster.local/ns/foo/sa/app',
    'an upper-case namespace': 'spiffe://cluster.local/ns/Foo/sa/app',
    'an upper-case service account': 'spiffe://cluster.local/ns/foo/sa/App',
    'a parent segment': 'spiffe://cluster.local/ns/bar/sa/../../foo/sa/app',
    'a parent segment after the account': 'spiffe://cluster.local/ns/foo/sa/app/../other',
    'a dot segment': 'spiffe://cluster.local/./ns/foo/sa/app',
    'an empty segment': 'spiffe://cluster.local//ns/foo/sa/app',
    'a final slash': 'spiffe://cluster.local/ns/foo/sa/app/',
    'a further segment': 'spiffe://cluster.local/ns/foo/sa/app/x',
    'no account': 'spiffe://cluster.local/ns/foo/sa/',
    'no account segment': 'spiffe://cluster.local/ns/foo',
    'percent-encoding': 'spiffe://cluster.local/ns/%66oo/sa/app',
    'an encoded slash': 'spiffe://cluster.local/ns/foo%2Fsa/app',
    'an encoded NUL': 'spiffe://cluster.local/ns/foo/sa/app%00',
    'the Cyrillic о in percent-encoding': 'spiffe://cluster.local/ns/f%D0%BEo/sa/app',
    'a port': 'spiffe://cluster.local:443/ns/foo/sa/app',
    'a user': 'spiffe://user@cluster.local/ns/foo/sa/app',
    'a query': 'spiffe://cluster.local/ns/foo/sa/app?x=y',
    'a fragment': 'spiffe://cluster.local/ns/foo/sa/app#x',
    'one slash': 'spiffe:/cluster.local/ns/foo/sa/app',
    'three slashes': 'spiffe:///cluster.local/ns/foo/sa/app',
    'no trust domain': 'spiffe:///ns/foo/sa/app',
    'the parts in another order': 'spiffe://cluster.local/sa/app/ns/foo',
    'a namespace of two labels': 'spiffe://cluster.local/ns/foo.bar/sa/app',
    'a namespace that starts with a dash': 'spiffe://cluster.local/ns/-foo/sa/app',
    'a wildcard for the namespace': 'spiffe://cluster.local/ns/*/sa/app',
    'another scheme': 'https://cluster.local/ns/foo/sa/app',
  };

  for (const [what, value] of Object.entries(lookAlikes)) {
    it(`refuses ${what} (${value}), and accepts the strict form`, () => {
      const refused = verdict({ names: [uri(value)] });
      assert.equal(refused.allowed, false);
      assert.ok(refused.violations.some(({ field, found }) => field === 'spec.request.subjectAltName' && found === `"URI:${value}"`));
      assertAllowed({ names: [uri(id)] });
    });
  }

  it('refuses a workload identity with a DNS name beside it, and accepts it alone', () => {
    const refused = verdict({ names: [spiffe('foo'), dns('foo.istio-system.svc')] });
    assert.equal(refused.allowed, false);
    assertAllowed({ names: [spiffe('foo')] });
  });

  it('refuses the identities of two tenants in one certificate at both of their signers', () => {
    for (const signer of [FOO, BAR]) assert.equal(verdict({ signer, names: [spiffe('foo'), spiffe('bar')] }).allowed, false);
    assertAllowed({ signer: FOO, names: [spiffe('foo')] });
    assertAllowed({ signer: BAR, names: [spiffe('bar')] });
  });
});

describe('what Istio asks for', () => {
  it('a workload certificate with any kind of key is allowed', () => {
    for (const key of KEY_KINDS) assertAllowed({ key });
  });

  it('istiod\'s own serving certificate is allowed: DNS names, no client auth', () => {
    const names = ['istio-pilot', 'istiod-remote', 'istiod'].map((name) => dns(`${name}.istio-system.svc`));
    assertAllowed({ signer: REST, names: [...names, ip('127.0.0.1')], usages: ['digital signature', 'key encipherment', 'server auth'], key: 'RSA-2048' }, 'allow[1]');
  });

  it('istiod\'s own names are refused to everybody else, and to istiod at a tenant\'s signer', () => {
    const names = [dns('istiod.istio-system.svc')];
    assert.equal(verdict({ signer: REST, names, from: 'system:serviceaccount:foo:app' }).allowed, false);
    assert.equal(verdict({ signer: FOO, names }).allowed, false);
    assertAllowed({ signer: REST, names }, 'allow[1]');
  });

  it('an account whose name has dots is one service account', () => {
    assertAllowed({ names: [spiffe('foo', 'a.b-c.d')], from: 'system:serviceaccount:foo:a.b-c.d' });
  });
});

describe('the verdict', () => {
  it('is that of the first entry of allow that the request fits whole: parts of two do not add up', () => {
    const [a, b] = [{ namespaces: ['foo'], serviceAccounts: ['foo/a'] }, { namespaces: ['foo'], serviceAccounts: ['foo/b'] }];
    const both = policyOf([signer(FOO, [alternative(a), alternative(b)])]);
    assert.equal(allowedBy(verdict({ names: [spiffe('foo', 'a')] }, { policy: both })), 'allow[0]');
    assert.equal(allowedBy(verdict({ names: [spiffe('foo', 'b')] }, { policy: both })), 'allow[1]');
    const split = policyOf([signer(FOO, [alternative({ ...a, keys: [{ type: 'Ed25519' }] }), alternative({ ...b, keys: [{ type: 'ECDSA', curve: 'P-256' }] })])]);
    assert.equal(verdict({ names: [spiffe('foo', 'a')], key: 'P-256' }, { policy: split }).allowed, false);
    assert.equal(allowedBy(verdict({ names: [spiffe('foo', 'a')], key: 'Ed25519' }, { policy: split })), 'allow[0]');
  });

  it('takes a namespace that the signer itself names elsewhere for unclaimed: other signers claim it from nobody', () => {
    const own = policyOf([signer(FOO, [alternative({ namespaces: ['foo'], serviceAccounts: ['foo/a'] }), alternative({ namespaces: ['unclaimed'] })]), signer(BAR, [alternative({ namespaces: ['bar'] })])]);
    assert.equal(allowedBy(verdict({ names: [spiffe('foo', 'b')] }, { policy: own })), 'allow[1]');
    assert.equal(verdict({ names: [spiffe('bar', 'b')] }, { policy: own }).allowed, false);
  });

  it('tells what is wrong by the first entry of several that came equally near', () => {
    const two = policyOf([signer(FOO, [alternative({ namespaces: ['a'] }), alternative({ namespaces: ['foo'], keys: [{ type: 'Ed25519' }] })])]);
    const result = verdict({}, { policy: two });
    assert.deepEqual(result.allowed ? [] : result.violations.map(({ field }) => field), ['namespace']);
  });

  it('tells what is wrong by the entry that came nearest, and every entry\'s view beside it', () => {
    const result = verdict({ signer: REST, from: 'system:serviceaccount:foo:app', names: [spiffe('foo')] });
    assert.equal(result.allowed, false);
    assert.deepEqual(result.violations.map(({ field }) => field), ['namespace']);
    assert.deepEqual(result.alternatives.map(({ violations }) => violations.length), [1, 2]);
  });

  it('tells of each entry all that is wrong by it, as if it were alone', () => {
    let seen = 0;
    for (const { ask } of POLICY_CASES) {
      const entry = POLICY.signers.find(({ name }) => name === whole(ask).signer);
      assert.ok(entry !== undefined);
      const allow = POLICY.signers.flatMap((each) => each.allow);
      const together = verdict(ask, { policy: { ...POLICY, signers: POLICY.signers.map((each) => (each === entry ? { ...entry, allow } : each)) } });
      const alone = allow.map((each) => verdict(ask, { policy: { ...POLICY, signers: POLICY.signers.map((other) => (other === entry ? { ...entry, allow: [each] } : other)) } }));
      if (together.allowed) continue;
      seen += 1;
      assert.deepEqual(
        together.alternatives.map(({ violations }) => violations),
        alone.map((each) => (each.allowed ? [] : (each.alternatives[0]?.violations ?? []))),
      );
    }
    assert.ok(seen > 10);
  });

  it('names every violation, not the first', () => {
    const result = verdict({ names: [spiffe('bar'), email('a@b.example')], usages: ['cert sign', 'any'] });
    assert.equal(result.allowed, false);
    assert.deepEqual([...new Set(result.violations.map(({ field }) => field))].sort(), ['namespace', 'spec.request.subjectAltName', 'spec.usages']);
  });

  it('of a signer that allows nothing is a refusal that says so', () => {
    const result = verdict({ signer: 'clusterissuers.cert-manager.io/closed' });
    assert.equal(result.allowed, false);
    assert.deepEqual(result.violations, [{ field: 'signerName', found: 'clusterissuers.cert-manager.io/closed', allowed: 'nothing: this signer allows no requests' }]);
  });

  it('never speaks of another tenant', () => {
    for (const { ask } of POLICY_CASES) {
      const { signer, names } = whole(ask);
      const result = verdict(ask);
      assert.equal(result.allowed, false);
      const said = JSON.stringify(result.violations);
      for (const other of POLICY.signers) {
        const short = other.name.split('/')[1] ?? '';
        if (other.name === signer || JSON.stringify(names).includes(short)) continue;
        assert.ok(!said.includes(other.name), `${said} names ${other.name}`);
      }
    }
  });

  it('shows a user name with control characters escaped', () => {
    const result = verdict({ from: 'mallory\u001b[2J\u202e' });
    assert.equal(result.allowed, false);
    assert.match(JSON.stringify(result.violations.map(({ found, allowed }) => found + allowed)), /mallory\\\\u\{1b\}\[2J\\\\u\{202e\}/);
    assert.ok(result.violations.every(({ found, allowed }) => /^[ -~…]*$/.test(found + allowed)));
  });
});

function assertAllowed(ask: Partial<Ask>, by?: string): void {
  const result = verdict(ask);
  assert.deepEqual(result.allowed ? [] : result.violations, []);
  if (by !== undefined) assert.equal(allowedBy(result), by);
}

function allowedBy(result: ReturnType<typeof verdict>): string | null {
  return result.allowed ? result.alternative.id : null;
}

function differences(a: Ask, b: Ask): number {
  return (Object.keys(a) as (keyof Ask)[]).filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key])).length;
}
