import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig, type Config } from '../../src/config.ts';
import { guardObjects } from '../../src/config/guard.ts';
import { remarks } from '../../src/config/remarks.ts';

const FOO = 'name: signers.example/foo, ca: { secret: cas/foo }, allow: [{ namespaces: [foo] }]';
const BAR = 'name: signers.example/bar, ca: { secret: cas/bar }, approval: external, allow: [{ namespaces: [bar] }]';

type Policy = { readonly matchConditions: { readonly expression: string }[]; readonly variables: { readonly name: string; readonly expression: string }[]; readonly validations: { readonly expression: string }[]; readonly failurePolicy: string };

test('guard matches exactly the signers that are served, and fails closed for them alone', () => {
  const { matchConditions, failurePolicy } = policy(`signers: [{ ${FOO} }, { ${BAR} }]`);
  assert.deepEqual(matchConditions.map(({ expression }) => expression), ['object.spec.signerName in ["signers.example/bar", "signers.example/foo"]']);
  assert.equal(failurePolicy, 'Fail');
});

test('where no signer is served there is nothing to guard', () => {
  assert.deepEqual(guardObjects(config('signers: []')), []);
  assert.equal(guardObjects(config(`signers: [{ ${FOO} }]`)).length, 2);
});

test('Signet is who it is told to be', () => {
  const [object] = guardObjects(config(`signers: [{ ${FOO} }]`), { namespace: 'pki', serviceAccount: 'signer' });
  assert.ok(JSON.stringify(object).includes('system:serviceaccount:pki:signer') && !JSON.stringify(object).includes('signet-system'));
});

test('Signet approves where it decides; where others do, they are the listed users and groups, or whoever has the right', () => {
  const signet = 'system:serviceaccount:signet-system:signet';
  assert.equal(variable(`signers: [{ ${FOO} }]`, 'approver'), `(variables.user in {"signers.example/foo": ["${signet}"]}[variables.signer])`);
  assert.equal(
    variable(`signers: [{ ${BAR}, approvers: [{ user: alice }, { group: pki }] }]`, 'approver'),
    '(variables.user in {"signers.example/bar": ["alice"]}[variables.signer]) || (variables.signer in {"signers.example/bar": ["pki"]} && request.userInfo.groups.exists(group, group in {"signers.example/bar": ["pki"]}[variables.signer]))',
  );
  assert.equal(variable(`signers: [{ ${BAR} }]`, 'approver'), '(variables.user in {"signers.example/bar": []}[variables.signer]) || (variables.signer in ["signers.example/bar"])');
  const decided = variable(`signers: [{ ${FOO}, approvers: { user: alice } }]`, 'approver');
  assert.equal(decided, `(variables.user in {"signers.example/foo": ["alice", "${signet}"]}[variables.signer])`);
});

test('only signers whose every alternative lists requesters are closed to others', () => {
  const closed = 'name: signers.example/c, ca: { secret: cas/c }, allow: [{ namespaces: [a], requesters: [bob] }, { namespaces: [b], requesters: [alice, bob] }]';
  const half = 'name: signers.example/h, ca: { secret: cas/h }, allow: [{ namespaces: [a], requesters: [bob] }, { namespaces: [b] }]';
  const nobody = 'name: signers.example/n, ca: { secret: cas/n }, allow: []';
  const vouching = `requesters: [{ user: alice, vouches: { namespaces: ["*"] } }, { user: bob, vouches: { namespaces: ["*"] } }]`;
  assert.equal(variable(`${vouching}\nsigners: [{ ${closed} }, { ${half} }, { ${nobody} }]`, 'requesters'), '{"signers.example/c": ["alice", "bob"]}');
});

test('a name with quotes stays one string of CEL', () => {
  assert.match(variable(String.raw`signers: [{ ${BAR}, approvers: { user: 'a" || true || "\' } }]`, 'approver'), /\["a\\" \|\| true \|\| \\"\\\\"\]/);
});

test('an approver is a user or a group, not both and not neither', () => {
  for (const [entry, right] of [['{ user: alice, group: pki }', false], ['{}', false], ['{ user: alice }', true], ['{ group: pki }', true], ['[{ user: alice }, { group: pki }]', true]] as const) {
    assert.equal(parseConfig(`signers: [{ ${FOO}, approvers: ${entry} }]`).ok, right, entry);
  }
});

test('check says what is not enforced while guard is off, and nothing once it is on', () => {
  const said = (text: string) => remarks(config(text)).filter(({ path }) => path === 'guard').map(({ message }) => message);
  assert.match(said(`signers: [{ ${FOO} }]`).join(), /^is off, so .* annotations of experimental\.cert-manager\.io never widen a policy$/);
  assert.deepEqual(said(`signers: [{ ${FOO} }]\nguard: true`), []);
  assert.deepEqual(said('signers: []'), []);
});

test('the webhook is off unless it is named, and has a port of its own', () => {
  assert.equal(config('signers: []').webhook, null);
  assert.deepEqual(config('signers: []\nwebhook: {}').webhook, { host: '', port: 9443 });
  assert.deepEqual(config('signers: []\nwebhook: { address: "127.0.0.1:8443" }').webhook, { host: '127.0.0.1', port: 8443 });
  for (const [text, message] of [['webhook: { address: ":9402" }', 'the port 9402 is that of http.address already'], ['webhook: { address: ":70000" }', 'the port must be at most 65535']] as const) {
    const parsed = parseConfig(`signers: []\n${text}`);
    assert.ok(!parsed.ok);
    assert.deepEqual(parsed.problems.map(({ line, path, message: found }) => [line, path, found]), [[2, 'webhook.address', message]]);
  }
});

function policy(text: string): Policy {
  const [object] = guardObjects(config(text));
  assert.ok(object !== undefined);
  return object.spec as Policy;
}

function variable(text: string, name: string): string {
  return policy(text).variables.find((each) => each.name === name)?.expression ?? assert.fail(name);
}

function config(text: string): Config {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}
