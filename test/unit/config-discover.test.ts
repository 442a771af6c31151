import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig, type Config } from '../../src/config.ts';
import { rbacObjects, type PolicyRule } from '../../src/config/rbac.ts';

test('issuers of cert-manager are served only where the configuration says so, and then by what it says', () => {
  assert.equal(config('').discover.certManager, null);
  assert.deepEqual(config('discover: { certManager: { allow: approved } }').discover.certManager, { allow: ['approved'], clusterResourceNamespace: 'cert-manager', namespaces: [] });
  const all = config('discover: { certManager: { allow: [approved, sameNamespace], clusterResourceNamespace: pki, namespaces: [team-a, team-b] } }');
  assert.deepEqual(all.discover.certManager, { allow: ['approved', 'sameNamespace'], clusterResourceNamespace: 'pki', namespaces: ['team-a', 'team-b'] });
  assert.deepEqual(config('discover: { certManager: { allow: approved, namespaces: team-a } }').discover.certManager?.namespaces, ['team-a']);
});

for (const [what, wrong, told, right] of [
  ['nothing that is allowed', '{ allow: [] }', 'discover.certManager.allow', '{ allow: [approved] }'],
  ['no word on what is allowed', '{}', 'discover.certManager.allow', '{ allow: approved }'],
  ['a word that means nothing', '{ allow: all }', 'discover.certManager.allow', '{ allow: approved }'],
  ['the same twice', '{ allow: [approved, approved] }', 'discover.certManager.allow[1]', '{ allow: [approved, sameNamespace], namespaces: a }'],
  ['a pattern of namespaces', '{ allow: approved, namespaces: ["team-*"] }', 'discover.certManager.namespaces[0]', '{ allow: approved, namespaces: [team-a] }'],
  ['a namespace twice', '{ allow: approved, namespaces: [a, a] }', 'discover.certManager.namespaces[1]', '{ allow: approved, namespaces: [a, b] }'],
  ['workloads of the same namespace without any namespace', '{ allow: [approved, sameNamespace] }', 'discover.certManager.allow[1]', '{ allow: [approved, sameNamespace], namespaces: a }'],
] as const) {
  test(`discover.certManager with ${what} is refused, and its twin accepted`, () => {
    const parsed = parseConfig(`signers: []\ndiscover: { certManager: ${wrong} }`);
    assert.deepEqual(parsed.ok ? [] : parsed.problems.map(({ path }) => path), [told]);
    config(`discover: { certManager: ${right} }`);
  });
}

test('what discovery may read: issuers without their Secrets everywhere, a Secret whose name it knows in the namespaces listed', () => {
  const without = rulesOf('');
  const cluster = rulesOf('discover: { certManager: { allow: approved } }');
  assert.deepEqual(added(cluster, without), [
    ['', { apiGroups: ['cert-manager.io'], resources: ['clusterissuers'], verbs: ['list', 'watch'] }],
    ['cert-manager', { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  ]);
  const both = rulesOf('discover: { certManager: { allow: approved, clusterResourceNamespace: pki, namespaces: [team-a, pki] } }');
  assert.deepEqual(added(both, without), [
    ['', { apiGroups: ['cert-manager.io'], resources: ['clusterissuers', 'issuers'], verbs: ['list', 'watch'] }],
    ['', { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] }],
    ['pki', { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    ['team-a', { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  ]);
});

test('nothing of it is a wildcard, and the right to sign is in none of it', () => {
  const text = JSON.stringify(rulesOf('discover: { certManager: { allow: approved, namespaces: [team-a] } }'));
  assert.doesNotMatch(text, /\*/);
  assert.doesNotMatch(text, /"sign"/);
});

function config(text: string): Config {
  const parsed = parseConfig(`signers: []\n${text}`);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}

type Placed = readonly [namespace: string, rule: PolicyRule];

function rulesOf(text: string): Placed[] {
  return rbacObjects(config(text)).flatMap((object): Placed[] => ('rules' in object ? object.rules.map((rule) => [object.metadata.namespace ?? '', rule]) : []));
}

function added(after: readonly Placed[], before: readonly Placed[]): Placed[] {
  return after.filter((each) => !before.some((other) => JSON.stringify(other) === JSON.stringify(each)));
}
