import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { parseConfig, problemText, type Config, type Problem } from '../../src/config.ts';

const MINIMAL = 'signers:\n  - name: example.test/foo\n    ca: { secret: cas/foo }\n    allow: [{ namespaces: [foo] }]\n';

test('a configuration with ten mistakes reports all ten, each where it is', () => {
  const text = `trustDomain: Cluster.Local
requesters:
  - user: istiod user
    aproves: true
  - user: ""
signers:
  - name: foo
    ca: { secret: foo-ca }
    allow: [{ namespaces: [Foo] }]
    lifetime: { default: 1 day }
  - name: example.test/bar
    allow: [{ keys: [RSA-1024], namespaces: [bar] }]
http: { address: 9402 }
surplus: 1
`;
  assert.deepEqual(problems(text).map(({ line, column, path }) => `${line}:${column} ${path}`), [
    '1:1 trustDomain',
    '4:5 requesters[0].aproves',
    '5:5 requesters[1].user',
    '7:5 signers[0].name',
    '8:11 signers[0].ca.secret',
    '9:28 signers[0].allow[0].namespaces[0]',
    '10:17 signers[0].lifetime.default',
    '11:5 signers[1].ca',
    '12:22 signers[1].allow[0].keys[0]',
    '13:9 http.address',
    '14:1 surplus',
  ]);
});

test('a problem says what was found and what is allowed', () => {
  const [problem] = problems(MINIMAL.replace('cas/foo', 'foo-ca'));
  assert.ok(problem !== undefined);
  assert.equal(problemText('signet.yaml', problem), 'signet.yaml:3:11: signers[0].ca.secret: must be "namespace/name", found "foo-ca"');
});

test('a problem shows a value as far as it takes to find it, nothing that a terminal would take for a command, and no key', () => {
  const [long] = problems(MINIMAL.replace('cas/foo', 'x'.repeat(500)));
  assert.equal(long?.message, `must be "namespace/name", found "${'x'.repeat(59)}…`);
  const [odd] = problems(`${MINIMAL}"\\e[2J\\u202e": 1\n`);
  assert.ok(odd !== undefined);
  assert.equal(problemText('signet.yaml', odd), 'signet.yaml:5:1: \\u001b[2J\\u202e: is not a key that Signet knows here');
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const text of [key, MINIMAL.replace('cas/foo', JSON.stringify(key))]) assert.deepEqual(problems(text).map(({ message }) => message.replace(/^.*(?=, found)/, '')), [', found a PEM block']);
});

test('one value stands for a list of one', () => {
  const list = config('requesters: [{ user: a, vouches: { namespaces: [x], signers: [example.test/foo] } }]\nsigners: [{ name: example.test/foo, ca: { secret: cas/foo }, allow: [{ namespaces: [foo], requesters: [a], dnsNames: [a.test], ipAddresses: [10.0.0.0/8], usages: [client auth, digital signature], keys: [P-256] }] }]');
  const single = config('requesters: [{ user: a, vouches: { namespaces: x, signers: example.test/foo } }]\nsigners: [{ name: example.test/foo, ca: { secret: cas/foo }, allow: { namespaces: foo, requesters: a, dnsNames: a.test, ipAddresses: 10.0.0.0/8, usages: [client auth, digital signature], keys: P-256 } }]');
  assert.deepEqual(single, list);
});

test('what is left out has its default', () => {
  const { policy, signers, publish, http } = config(MINIMAL);
  assert.equal(policy.trustDomain, 'cluster.local');
  assert.deepEqual(policy.requesters, []);
  assert.deepEqual(signers.map(({ name, ca, anchor, sharedTrust }) => ({ name, ca, anchor, sharedTrust })), [{ name: 'example.test/foo', ca: { kind: 'secret', secret: { namespace: 'cas', name: 'foo' } }, anchor: 'root', sharedTrust: false }]);
  assert.deepEqual(publish, { meshConfig: null });
  assert.deepEqual(http, { host: '', port: 9402 });
  const [signer] = policy.signers;
  assert.deepEqual([signer?.approval, signer?.includeRoot, signer?.lifetime], ['decide', false, { default: 86_400, max: 86_400 }]);
  const [alternative] = signer?.allow ?? [];
  assert.deepEqual(alternative?.usages, ['digital signature', 'key encipherment', 'server auth', 'client auth']);
  assert.deepEqual(alternative?.keys, [{ type: 'RSA', minBits: 2048, maxBits: 4096 }, { type: 'ECDSA', curve: 'P-256' }, { type: 'ECDSA', curve: 'P-384' }, { type: 'ECDSA', curve: 'P-521' }, { type: 'Ed25519' }]);
  assert.deepEqual(alternative?.trustDomains, ['cluster.local']);
});

test('a vouching requester is bound to the trust domain of the file unless it names others', () => {
  const vouching = (more: string) => config(`trustDomain: mesh.test\nrequesters: [{ user: a, vouches: { namespaces: "*"${more} } }]\n${MINIMAL}`).policy.requesters[0]?.vouches;
  assert.deepEqual(vouching(''), { namespaces: ['*'], trustDomains: ['mesh.test'], signers: 'all' });
  assert.deepEqual(vouching(', trustDomains: other.test')?.trustDomains, ['other.test']);
});

test('no signers at all is a configuration; no list of them is none', () => {
  assert.deepEqual(config('signers: []').signers, []);
  for (const text of ['', '{}', '# nothing\n', 'requesters: []']) assert.deepEqual(problems(text).map(({ path, message }) => [path, /missing/.test(message)]), [['signers', true]], JSON.stringify(text));
});

test('of lifetimes the one that is written stands for the other', () => {
  const lifetime = (text: string) => config(MINIMAL + `    lifetime: ${text}\n`).policy.signers[0]?.lifetime;
  assert.deepEqual(lifetime('{ max: 1h }'), { default: 3600, max: 3600 });
  assert.deepEqual(lifetime('{ max: 7d }'), { default: 86_400, max: 7 * 86_400 });
  assert.deepEqual(lifetime('{ default: 36h }'), { default: 129_600, max: 129_600 });
  assert.deepEqual(lifetime('{ default: 30s, max: 1m30s }'), { default: 30, max: 90 });
});

/** A requester on whose word names can be issued. */
const VOUCHED = 'requesters: [{ user: a, vouches: { namespaces: x } }]\n';

/** Each a configuration that contradicts itself, and the same one put right. */
const CONTRADICTIONS: readonly { what: string; wrong: string; told: string; right: string }[] = [
  { what: 'one CA for two signers', wrong: two('cas/foo'), told: 'signers[1].ca.secret', right: two('cas/bar') },
  { what: 'a signer twice', wrong: two('cas/bar', 'example.test/foo'), told: 'signers[1].name', right: two('cas/bar') },
  { what: 'a requester twice', wrong: `requesters: [{ user: a }, { user: a }]\n${MINIMAL}`, told: 'requesters[1].user', right: `requesters: [{ user: a }, { user: b }]\n${MINIMAL}` },
  { what: 'a default above the maximum', wrong: `${MINIMAL}    lifetime: { default: 2h, max: 1h }\n`, told: 'signers[0].lifetime', right: `${MINIMAL}    lifetime: { default: 1h, max: 2h }\n` },
  { what: 'a lifetime of seconds', wrong: `${MINIMAL}    lifetime: { max: 29s }\n`, told: 'signers[0].lifetime', right: `${MINIMAL}    lifetime: { max: 30s }\n` },
  { what: 'an alternative without any name', wrong: MINIMAL.replace('namespaces: [foo]', 'keys: [P-256]'), told: 'signers[0].allow[0]', right: MINIMAL.replace('namespaces: [foo]', 'keys: [P-256], namespaces: [foo]') },
  { what: 'service accounts without a namespace', wrong: MINIMAL.replace('namespaces: [foo]', 'serviceAccounts: foo/a, requesters: a, dnsNames: a.test'), told: 'signers[0].allow[0].serviceAccounts', right: MINIMAL.replace('namespaces: [foo]', 'serviceAccounts: foo/a, namespaces: foo') },
  { what: 'a DNS name on nobody\'s word', wrong: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'dnsNames: a.test'), told: 'signers[0].allow[0]', right: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, dnsNames: a.test') },
  { what: 'a SPIFFE ID by URI', wrong: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, uris: "spiffe://*/ns/*/sa/*"'), told: 'signers[0].allow[0].uris[0]', right: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, uris: "https://a.test/*"') },
  { what: 'publishing into the mesh configuration itself', wrong: `${MINIMAL}publish: { meshConfig: { configMap: istio-system/istio } }`, told: 'publish.meshConfig.configMap', right: `${MINIMAL}publish: { meshConfig: { configMap: istio-system/signet-mesh } }` },
  { what: 'vouching for a signer that is not there', wrong: `requesters: [{ user: a, vouches: { namespaces: x, signers: example.test/fo } }]\n${MINIMAL}`, told: 'requesters[0].vouches.signers[0]', right: `requesters: [{ user: a, vouches: { namespaces: x, signers: example.test/foo } }]\n${MINIMAL}` },
  // What can never match, whatever is asked for.
  { what: 'a service account outside of the namespaces', wrong: MINIMAL.replace('[foo]', '[foo, "team-*"], serviceAccounts: [foo/a, "teams/*"]'), told: 'signers[0].allow[0].serviceAccounts[1]', right: MINIMAL.replace('[foo]', '[foo, "team-*"], serviceAccounts: [foo/a, "*s/b"]') },
  { what: 'usages without an extended one', wrong: MINIMAL.replace('[foo]', '[foo], usages: digital signature'), told: 'signers[0].allow[0].usages', right: MINIMAL.replace('[foo]', '[foo], usages: [digital signature, client auth]') },
  { what: 'usages that no key of the entry can have', wrong: MINIMAL.replace('[foo]', '[foo], keys: [P-256, Ed25519], usages: [key encipherment, server auth]'), told: 'signers[0].allow[0].usages', right: MINIMAL.replace('[foo]', '[foo], keys: [P-256, RSA], usages: [key encipherment, server auth]') },
  { what: 'unclaimed namespaces where another signer claims all', wrong: both('"*"', 'unclaimed'), told: 'signers[1].allow[0].namespaces[0]', right: both('"f*"', 'unclaimed') },
  { what: 'a selector of everything', wrong: MINIMAL.replace('[foo]', '{ matchLabels: {} }'), told: 'signers[0].allow[0].namespaces[0]', right: MINIMAL.replace('[foo]', '"*"') },
  { what: 'a selector of two values of one label', wrong: MINIMAL.replace('[foo]', '{ matchLabels: { tenant: a }, matchExpressions: [{ key: tenant, operator: In, values: [b, c] }] }'), told: 'signers[0].allow[0].namespaces[0]', right: MINIMAL.replace('[foo]', '{ matchLabels: { tenant: a }, matchExpressions: [{ key: tenant, operator: In, values: [b, a] }] }') },
  { what: 'a selector whose only value is excluded', wrong: MINIMAL.replace('[foo]', '{ matchLabels: { tenant: a }, matchExpressions: [{ key: tenant, operator: NotIn, values: [a] }] }'), told: 'signers[0].allow[0].namespaces[0]', right: MINIMAL.replace('[foo]', '{ matchLabels: { tenant: a }, matchExpressions: [{ key: team, operator: NotIn, values: [a] }] }') },
  { what: 'a label that must be there and must not', wrong: MINIMAL.replace('[foo]', '{ matchExpressions: [{ key: a, operator: Exists }, { key: a, operator: DoesNotExist }] }'), told: 'signers[0].allow[0].namespaces[0]', right: MINIMAL.replace('[foo]', '{ matchExpressions: [{ key: a, operator: Exists }, { key: b, operator: DoesNotExist }] }') },
  { what: 'an empty list of keys', wrong: MINIMAL.replace('[foo]', '[foo], keys: []'), told: 'signers[0].allow[0].keys', right: MINIMAL.replace('[foo]', '[foo], keys: [P-256]') },
  { what: 'an empty list of requesters', wrong: MINIMAL.replace('[foo]', '[foo], requesters: []'), told: 'signers[0].allow[0].requesters', right: MINIMAL.replace('[foo]', '[foo], requesters: "system:serviceaccount:foo:app"') },
  { what: 'a pattern of URIs that only ambiguous ones could match', wrong: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, uris: "https://a.test/*?x=y"'), told: 'signers[0].allow[0].uris[0]', right: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, uris: "https://a.test/b?x=y"') },
  { what: 'DNS names for a requester that vouches nowhere', wrong: MINIMAL.replace('namespaces: [foo]', 'requesters: a, dnsNames: a.test'), told: 'signers[0].allow[0].requesters', right: VOUCHED + MINIMAL.replace('namespaces: [foo]', 'requesters: a, dnsNames: a.test') },
  { what: 'a requester that vouches at another signer', wrong: `requesters: { user: a, vouches: { namespaces: "*", signers: example.test/bar } }\n${two('cas/bar').replace('[foo]', '[foo], requesters: a')}`, told: 'signers[0].allow[0].requesters', right: `requesters: { user: a, vouches: { namespaces: "*", signers: example.test/bar } }\n${two('cas/bar').replace('[bar]', '[bar], requesters: a')}` },
  { what: 'a requester that vouches for other namespaces', wrong: VOUCHED + MINIMAL.replace('[foo]', '[foo], requesters: a'), told: 'signers[0].allow[0].requesters', right: VOUCHED + MINIMAL.replace('[foo]', '["x*"], requesters: a') },
  { what: 'a requester that vouches in another trust domain', wrong: `requesters: { user: a, vouches: { namespaces: foo, trustDomains: partner.test } }\n${MINIMAL.replace('[foo]', '[foo], requesters: a')}`, told: 'signers[0].allow[0].requesters', right: `requesters: { user: a, vouches: { namespaces: foo, trustDomains: partner.test } }\n${MINIMAL.replace('[foo]', '[foo], requesters: a, trustDomains: partner.test')}` },
  { what: 'a service account of another namespace for itself', wrong: MINIMAL.replace('[foo]', '[foo], requesters: "system:serviceaccount:bar:app"'), told: 'signers[0].allow[0].requesters', right: MINIMAL.replace('[foo]', '[foo], requesters: "system:serviceaccount:foo:app"') },
  { what: 'a service account that the entry does not list, for itself', wrong: MINIMAL.replace('[foo]', '[foo], serviceAccounts: foo/b, requesters: "system:serviceaccount:foo:app"'), told: 'signers[0].allow[0].requesters', right: MINIMAL.replace('[foo]', '[foo], serviceAccounts: foo/a*, requesters: "system:serviceaccount:foo:app"') },
  { what: 'a foreign trust domain that nobody vouches for', wrong: MINIMAL.replace('[foo]', '[foo], trustDomains: partner.test'), told: 'signers[0].allow[0].trustDomains', right: MINIMAL.replace('[foo]', '[foo], trustDomains: cluster.local') },
  { what: 'vouching for unclaimed namespaces', wrong: 'requesters: { user: a, vouches: { namespaces: [foo, unclaimed] } }\n' + MINIMAL, told: 'requesters[0].vouches.namespaces[1]', right: 'requesters: { user: a, vouches: { namespaces: [foo, unclaime] } }\n' + MINIMAL },
  { what: 'a port beyond the last', wrong: `${MINIMAL}http: { address: ":65536" }`, told: 'http.address', right: `${MINIMAL}http: { address: ":65535" }` },
];

for (const { what, wrong, told, right } of CONTRADICTIONS) {
  test(`${what} is refused, and its twin accepted`, () => {
    assert.deepEqual(problems(wrong).map(({ path }) => path), [told]);
    config(right);
  });
}

/** Values of one key that are refused beside one that is near and accepted. */
const VALUES: readonly { key: string; put: (value: string) => string; wrong: readonly string[]; right: readonly string[] }[] = [
  { key: 'signers[0].name', put: (value) => MINIMAL.replace('example.test/foo', value), wrong: ['foo', 'example/foo', 'Example.test/foo', 'example.test/foo/bar', 'example.test/', '/foo', 'example.test/-foo'], right: ['example.test/ns.foo', 'a.b/c', 'clusterissuers.cert-manager.io/foo-1'] },
  { key: 'signers[0].ca.secret', put: (value) => MINIMAL.replace('cas/foo', value), wrong: ['foo', 'a/b/c', 'A/b', 'a/', '../x'], right: ['a/b', 'a/b.c'] },
  { key: 'signers[0].allow[0].namespaces[0]', put: (value) => MINIMAL.replace('[foo]', `["${value}"]`), wrong: ['Foo', 'foo_bar', 'foo.bar', '', '-foo'], right: ['foo', 'team-*', '*', 'unclaimed'] },
  { key: 'signers[0].allow[0].namespaces[0].matchLabels.example.com/tenant', put: (value) => MINIMAL.replace('[foo]', `[{ matchLabels: { example.com/tenant: ${value} } }]`), wrong: ['1', 'true', '"a b"', '-a', '[a]', `${'a'.repeat(64)}`], right: ['"1"', '""', 'a.b_C-1', `${'a'.repeat(63)}`] },
  { key: 'signers[0].allow[0].namespaces[0].matchExpressions[0].operator', put: (value) => MINIMAL.replace('[foo]', `[{ matchExpressions: [{ key: a, operator: ${value}, values: [b] }] }]`), wrong: ['in', 'Equals', '1'], right: ['In', 'NotIn'] },
  { key: 'signers[0].allow[0].namespaces[0].matchExpressions[0].values', put: (value) => MINIMAL.replace('[foo]', `[{ matchExpressions: [{ key: a, operator: ${value} }] }]`), wrong: ['In', 'NotIn', 'Exists, values: [b]', 'DoesNotExist, values: [b]', 'In, values: []', 'In, values: b'], right: ['In, values: [b]', 'Exists', 'DoesNotExist, values: []'] },
  { key: 'signers[0].allow[0].namespaces[0].matchExpressions[0].key', put: (value) => MINIMAL.replace('[foo]', `[{ matchExpressions: [{ key: "${value}", operator: Exists }] }]`), wrong: ['', 'a/b/c', '/a', 'a/', 'A.b/c', '-a', 'a'.repeat(64)], right: ['a', 'A_b.c', 'a.b/C', 'kubernetes.io/metadata.name'] },
  { key: 'signers[0].allow[0].dnsNames[0]', put: (value) => VOUCHED + MINIMAL.replace('namespaces: [foo]', `requesters: a, dnsNames: ["${value}"]`), wrong: ['', 'a..b', '.a', 'a b', 'a/b'], right: ['a.test', '*.a.test', 'A.test'] },
  { key: 'signers[0].allow[0].ipAddresses[0]', put: (value) => VOUCHED + MINIMAL.replace('namespaces: [foo]', `requesters: a, ipAddresses: ["${value}"]`), wrong: ['10.0.0.1/8', '10.0.0.0/33', '1.2.3', '01.2.3.4', 'a'], right: ['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8'] },
  { key: 'signers[0].allow[0].usages[0]', put: (value) => MINIMAL.replace('[foo]', `[foo], usages: ["${value}", digital signature, client auth]`), wrong: ['cert sign', 'crl sign', 'any', 'signs'], right: ['key encipherment', 'server auth'] },
  { key: 'trustDomain', put: (value) => `trustDomain: "${value}"\n${MINIMAL}`, wrong: ['A.b', 'a b', '', 'spiffe://a'], right: ['cluster.local', 'a'] },
  { key: 'http.address', put: (value) => `${MINIMAL}http: { address: "${value}" }`, wrong: ['9402', 'localhost', ':', 'http://a:1', ':123456'], right: [':0', 'localhost:9402', '127.0.0.1:9402', '[::1]:9402'] },
];

for (const { key, put, wrong, right } of VALUES) {
  test(`${key} takes ${right.map((value) => `"${value}"`).join(', ')} and refuses what is near`, () => {
    for (const value of right) config(put(value));
    for (const value of wrong) assert.deepEqual(problems(put(value)).map(({ path }) => path), [key], `"${value}"`);
  });
}

test('an address is taken apart at its port', () => {
  const http = (address: string) => config(`${MINIMAL}http: { address: "${address}" }`).http;
  assert.deepEqual([http('[::1]:80'), http('10.0.0.1:80'), http(':0')], [{ host: '::1', port: 80 }, { host: '10.0.0.1', port: 80 }, { host: '', port: 0 }]);
});

test('the record has a file or none; what is said of it in vain is refused', () => {
  const audit = (text: string) => config(`signers: []\naudit: ${text}`).audit;
  assert.equal(config('signers: []').audit, null);
  assert.equal(audit('{ file: null, required: false }'), null);
  assert.deepEqual(audit('{ file: /var/lib/signet/record.jsonl }'), { path: '/var/lib/signet/record.jsonl', required: false, maxSize: 100 * 2 ** 20, keep: null });
  assert.deepEqual(audit('{ file: /r, required: true, maxSize: 1Gi, keep: 3 }'), { path: '/r', required: true, maxSize: 2 ** 30, keep: 3 });
  assert.equal(audit('{ file: /r, maxSize: 1048576 }')?.maxSize, 2 ** 20);
  for (const [text, message] of [
    ['{ required: true }', 'audit.required: needs audit.file: say where the record is to be'],
    ['{ file: record.jsonl }', 'audit.file: must be an absolute path, found "record.jsonl"'],
    ['{ file: /r, maxSize: 100MB }', 'audit.maxSize: "100MB" is not a size: write e.g. "100Mi" or "1Gi"'],
    ['{ file: /r, maxSize: 1023Ki }', 'audit.maxSize: must be at least 1Mi'],
    ['{ file: /r, keep: 0 }', 'audit.keep: must be 1 or more, found 0'],
  ] as const) {
    const parsed = parseConfig(`signers: []\naudit: ${text}`);
    assert.deepEqual(parsed.ok ? [] : parsed.problems.map((problem) => `${problem.path}: ${problem.message}`), [message]);
  }
});

test('text that is no plain YAML is refused where it goes wrong', () => {
  const cases: [string, number, RegExp][] = [
    ['signers: [', 1, /flow|expected/i],
    ['signers: []\nsigners: []', 2, /unique/i],
    ['\tsigners: []', 1, /tab|token|indent/i],
    ['signers: []\n---\nsigners: []', 2, /document/i],
    ['trustDomain: !secret x\nsigners: []', 1, /tag/i],
    ['trustDomain: &a x\nsigners: [*a]', 1, /alias/i],
  ];
  for (const [text, line, message] of cases) {
    const [problem, ...others] = problems(text);
    assert.deepEqual([problem?.line, others.length], [line, 0], text);
    assert.match(problem?.message ?? '', message);
  }
});

test('a text of megabytes is refused at once, one of a thousand signers is read', () => {
  const [problem] = problems(`${MINIMAL}${'#'.repeat(1024 * 1024)}`);
  assert.match(problem?.message ?? '', /characters, allowed are 1048576/);
  const many = Array.from({ length: 1000 }, (_, i) => `- { name: example.test/s${i}, ca: { secret: cas/s${i} }, allow: { namespaces: s${i} } }\n`).join('');
  assert.equal(config(`signers:\n${many}`).signers.length, 1000);
});

test('any text at all gives a configuration or problems, never an exception', () => {
  for (const text of ['[]', 'null', '1', '"x"', 'signers: {}', 'signers: null', 'signers: [null]', 'signers: [[]]', 'signers: [1]', `${MINIMAL}    lifetime: null`, `${MINIMAL}http: null`, '? [a]\n: b', '__proto__: 1\nsigners: []', 'constructor: { a: 1 }\nsigners: []', '\u0000', '\uFEFFsigners: []x']) {
    const parsed = parseConfig(text);
    if (!parsed.ok) for (const { line, column } of parsed.problems) assert.ok(line >= 1 && column >= 1);
  }
});

/** Two signers with these namespaces. */
function both(first: string, second: string): string {
  return two('cas/bar').replace('[foo]', first).replace('[bar]', second);
}

function two(secret: string, name = 'example.test/bar'): string {
  return `${MINIMAL}  - name: ${name}\n    ca: { secret: ${secret} }\n    allow: [{ namespaces: [bar] }]\n`;
}

function config(text: string): Config {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.problems.map((problem) => problemText('text', problem)).join('\n') + `\n${text}`);
  return parsed.config;
}

function problems(text: string): readonly Problem[] {
  const parsed = parseConfig(text);
  assert.ok(!parsed.ok, `accepted:\n${text}`);
  return parsed.problems;
}
