import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig, type Config } from '../../src/config.ts';
import { rbacObjects, type PolicyRule, type RbacOptions } from '../../src/config/rbac.ts';
import { ownSecretName } from '../../src/core/own-secret.ts';

const FOO = '{ name: example.test/foo, ca: { secret: cas/foo-ca }, allow: [{ namespaces: [foo] }] }';
const BAR = '{ name: example.test/bar, ca: { secret: cas/bar-ca }, allow: [{ namespaces: [bar] }] }';
const EXTERNAL_BAR = BAR.replace('allow', 'approval: external, allow');

test('the right to sign names exactly the signers, and never any other', () => {
  const rules = clusterRules(`signers: [${FOO}, ${BAR}]`);
  assert.deepEqual(verbs(rules, 'signers', 'sign'), ['example.test/bar', 'example.test/foo']);
});

test('a configuration without signers asks for no right on signers or Secrets, rather than for one without names', () => {
  const objects = rbacObjects(config('signers: []'));
  const rules = objects.flatMap((object) => ('rules' in object ? object.rules : []));
  assert.deepEqual(rules.flatMap(({ resources }) => resources).filter((resource) => resource !== 'events').sort(), ['certificatesigningrequests', 'certificatesigningrequests/status']);
  for (const { resourceNames } of rules) assert.notDeepEqual(resourceNames, []);
});

test('namespaces are seen, all of them and read alone, where a selector asks for labels, and not else', () => {
  const rule = (text: string): PolicyRule[] => clusterRules(text).filter(({ resources }) => resources.includes('namespaces'));
  assert.deepEqual(rule(`signers: [${FOO.replace('[foo]', '{ matchLabels: { tenant: foo } }')}]`), [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] }]);
  assert.deepEqual(rule(`signers: [${FOO.replace('[foo]', '[unclaimed, "f*"]')}]`), []);
});

test('the right to approve covers the signers that decide, and is not there when none does', () => {
  const mixed = clusterRules(`signers: [${FOO}, ${EXTERNAL_BAR}]`);
  assert.deepEqual(verbs(mixed, 'signers', 'approve'), ['example.test/foo']);
  assert.deepEqual(verbs(mixed, 'certificatesigningrequests/approval', 'update'), [undefined]);

  const external = clusterRules(`signers: [${EXTERNAL_BAR}]`);
  assert.deepEqual(verbs(external, 'signers', 'approve'), []);
  assert.deepEqual(verbs(external, 'certificatesigningrequests/approval', 'update'), []);
  assert.deepEqual(verbs(external, 'signers', 'sign'), ['example.test/bar']);
});

test('CA Secrets are read by name and never written; own Secrets are written by name', () => {
  const text = `signers: [${FOO}, ${BAR}]`;
  assert.deepEqual(roleRules(text, 'cas'), [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['bar-ca', 'foo-ca'], verbs: ['get', 'list', 'watch'] }]);
  const own = roleRules(text, 'signet-system');
  assert.deepEqual(verbs(own, 'secrets', 'patch'), [ownSecretName('example.test/bar'), ownSecretName('example.test/foo')]);
  assert.deepEqual(own.filter(({ resourceNames }) => resourceNames === undefined), [{ apiGroups: [''], resources: ['secrets'], verbs: ['create'] }]);
});

test('the mesh ConfigMap is written by name where it is configured, and nothing is asked for where it is not', () => {
  const mesh = 'publish: { meshConfig: { configMap: istio-system/signet-mesh } }';
  const [rule] = roleRules(`signers: []\n${mesh}`, 'istio-system');
  assert.deepEqual(rule, { apiGroups: [''], resources: ['configmaps'], resourceNames: ['signet-mesh'], verbs: ['get', 'list', 'watch', 'patch'] });
  assert.deepEqual(roleRules('signers: []', 'istio-system'), []);
});

test('what is in one namespace is one Role: the names of objects stay unique', () => {
  const own = FOO.replace('cas/', 'signet-system/');
  const objects = rbacObjects(config(`signers: [${own}, ${BAR.replace('cas/', 'default/')}]`));
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
  assert.deepEqual(ids, [...new Set(ids)]);
  assert.deepEqual(ids, ['ClusterRole /signet', 'ClusterRoleBinding /signet', 'Role default/signet', 'RoleBinding default/signet', 'Role signet-system/signet', 'RoleBinding signet-system/signet']);
});

test('every binding gives its own role to the one service account', () => {
  for (const [options, subject] of [[{}, { kind: 'ServiceAccount', name: 'signet', namespace: 'signet-system' }], [{ namespace: 'pki', serviceAccount: 'signer' }, { kind: 'ServiceAccount', name: 'signer', namespace: 'pki' }]] as const) {
    const bindings = rbacObjects(config(`signers: [${FOO}]`), options satisfies RbacOptions).flatMap((object) => ('subjects' in object ? [object] : []));
    assert.ok(bindings.length >= 3);
    for (const { subjects, roleRef, kind } of bindings) {
      assert.deepEqual(subjects, [subject]);
      assert.deepEqual(roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: kind.replace('Binding', ''), name: 'signet' });
    }
  }
});

test('no rule has a wildcard', () => {
  const text = JSON.stringify(rbacObjects(config(`signers: [${FOO}, ${BAR}]\npublish: { meshConfig: { configMap: a/b } }`)));
  assert.doesNotMatch(text, /\*/);
});

test('the name of an own Secret tells the signer, differs for every signer, and is a name that Kubernetes takes', () => {
  assert.equal(ownSecretName('clusterissuers.cert-manager.io/foo'), 'signet-ca-foo-e86690fe');
  const long = 'x'.repeat(63);
  const names = ['a.example/ca', 'b.example/ca', 'a.example/team.ca', 'a.example/team-ca', `a.example/${[long, long, long, 'y'.repeat(20)].join('.')}`, `a.example/${[long, long, long, long].join('.')}`].map(ownSecretName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    assert.ok(name.length <= 253, name);
    assert.match(name, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);
  }
});

function config(text: string): Config {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}

function clusterRules(text: string): readonly PolicyRule[] {
  return rbacObjects(config(text)).flatMap((object) => (object.kind === 'ClusterRole' ? object.rules : []));
}

function roleRules(text: string, namespace: string): readonly PolicyRule[] {
  return rbacObjects(config(text)).flatMap((object) => (object.kind === 'Role' && object.metadata.namespace === namespace ? object.rules : []));
}

/** The names that a verb on a resource is given for; undefined stands for all. */
function verbs(rules: readonly PolicyRule[], resource: string, verb: string): (string | undefined)[] {
  return rules.filter((rule) => rule.resources.includes(resource) && rule.verbs.includes(verb)).flatMap(({ resourceNames }): readonly (string | undefined)[] => resourceNames ?? [undefined]);
}
