import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadRules } from '../../src/config/dead-rules.ts';
import { accountOverlap, patternOverlap } from '../../src/config/pattern-overlap.ts';
import type { NamespaceLabels } from '../../src/core/namespace-claim.ts';
import { matchesPattern } from '../../src/core/pattern.ts';
import { review } from '../../src/core/policy.ts';
import type { Alternative, Policy, Requester } from '../../src/core/signer.ts';
import { USAGES } from '../../src/core/usage.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { dns, ip, parsed, spiffe, uri } from '../support/requests.ts';

const SEED = Number(process.env['SIGNET_POLICY_SEED'] ?? 20260311);
const NAMES = ['foo', 'bar', 'team-a'];
const USERS = ['istiod', 'system:serviceaccount:foo:app', 'system:serviceaccount:bar:app', 'system:serviceaccount:team-a:db'];
const DOMAINS = ['cluster.local', 'partner.test'];

describe('patterns in common', () => {
  const texts = words('ab', 5);
  it('are found exactly where some text matches both, and the example is one', () => {
    const patterns = words('a*', 4).concat(words('ab*', 3)).filter((each) => each !== '');
    for (const a of patterns) {
      for (const b of patterns) {
        const example = patternOverlap(a, b);
        if (example === null) assert.ok(!texts.some((text) => text !== '' && matchesPattern(a, text, '.') && matchesPattern(b, text, '.')), `${a} and ${b}`);
        else assert.ok(matchesPattern(a, example, '.') && matchesPattern(b, example, '.'), `${example} of ${a} and ${b}`);
      }
    }
  });

  it('of service accounts are of both parts', () => {
    assert.equal(accountOverlap('foo/*', '*/app'), true);
    assert.equal(accountOverlap('foo/*', 'bar/app'), false);
    assert.equal(accountOverlap('foo/web-*', 'foo/db-*'), false);
  });
});

describe(`rules called dead, in random policies of seed ${SEED}`, () => {
  it('allow none of the requests that there are, and a policy without such rules is mostly good for some', (t) => {
    const random = generator(SEED);
    let dead = 0;
    let alive = 0;
    let used = 0;
    for (let i = 0; i < 1_500; i += 1) {
      const policy = randomPolicy(random);
      const found = deadRules(policy);
      const [first] = policy.signers;
      assert.ok(first !== undefined);
      const allowed = possible(policy);
      const isDead = found.some(({ path }) => path[1] === 0 && (path[4] === 'requesters' || path[4] === 'usages' || path[4] === 'keys' || first.allow[0]?.dnsNames.length === 0));
      if (isDead) {
        dead += 1;
        assert.deepEqual(allowed, [], `${JSON.stringify(found)}\n${JSON.stringify(policy)}`);
      } else if (found.every(({ path }) => path[1] !== 0)) {
        alive += 1;
        if (allowed.length > 0) used += 1;
      }
    }
    t.diagnostic(`${dead} dead, ${alive} others, ${used} of them allow something`);
    assert.ok(dead > 100 && used > 100);
    assert.ok(used / alive > 0.9, `${used} of ${alive}: the check misses rules that can never match`);
  });
});

/** Every request that is tried: each name with a key of each kind that matters to usages. */
const WORLD = [...NAMES.flatMap((namespace) => ['app', 'db'].flatMap((account) => DOMAINS.map((domain) => spiffe(namespace, account, domain)))), dns('api.test'), ip('10.0.0.1'), uri('https://a.test/b')].map((name) => ({
  name,
  requests: (['P-256', 'RSA-2048'] as const).map((key) => parsed({ names: [name], key })),
}));

/** Every request, of a small world of them, that the first signer allows, as a text. */
function possible(policy: Policy): string[] {
  const [first] = policy.signers;
  if (first === undefined) return [];
  const labels: NamespaceLabels = new Map(NAMES.map((name, i) => [name, { tenant: i === 0 ? 'a' : 'b' }]));
  const usages = first.allow[0]?.usages ?? [];
  return WORLD.flatMap(({ name, requests }) => {
    return USERS.flatMap((username) => requests.flatMap((request) => (review({ request, usages, requester: { username, uid: '', groups: [] }, signer: first, policy, namespaceLabels: labels }).allowed ? [`${username} ${JSON.stringify(name)}`] : [])));
  });
}

function randomPolicy(random: () => number): Policy {
  const some = <T>(items: readonly T[]): T[] => items.filter(() => random() < 0.4);
  const one = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('no items');
    return item;
  };
  const maybe = <T>(value: T): T | null => (random() < 0.5 ? value : null);
  const requesters = some(USERS).map((user): Requester => ({ user, approves: false, vouches: maybe({ trustDomains: some(DOMAINS), namespaces: some(['foo', 'team-*', '*']), signers: one(['all', ['example.test/a'], ['example.test/b']] as const) }) }));
  const entry = (): Alternative => {
    const rules = [one(['foo', 'bar', 'team-*', 'unclaimed', { key: 'tenant', operator: 'In' as const, values: [one(['a', 'b'])] }])];
    const named = random() < 0.3;
    return {
      ...alternative({
        ...(named && random() < 0.7 ? {} : { namespaces: rules }),
        serviceAccounts: random() < 0.3 ? [one(['foo/app', '*/db', 'team-a/*'])] : null,
        requesters: named || random() < 0.4 ? some(USERS) : null,
        dnsNames: named ? ['*.test'] : [],
        trustDomains: random() < 0.7 ? ['cluster.local'] : some(DOMAINS),
        usages: random() < 0.8 ? ['digital signature', 'client auth'] : some(USAGES.filter((usage) => !['cert sign', 'crl sign', 'any', 'signing'].includes(usage))),
        keys: random() < 0.7 ? [{ type: 'ECDSA', curve: 'P-256' }] : [{ type: 'RSA', minBits: 2048, maxBits: 4096 }],
      }),
    };
  };
  return policyOf([signer('example.test/a', [entry()]), signer('example.test/b', [random() < 0.2 ? alternative({ namespaces: ['*'] }) : entry()])], requesters);
}

function words(letters: string, longest: number): string[] {
  return longest === 0 ? [''] : ['', ...[...letters].flatMap((letter) => words(letters, longest - 1).map((rest) => letter + rest))];
}

/** Mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
