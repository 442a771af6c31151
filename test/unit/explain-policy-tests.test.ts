import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { MADE_KEYS, madeRequest, newPair } from '../../src/cli/made-request.ts';
import { caseSchema } from '../../src/cli/test/case-schema.ts';
import { parseRequest } from '../../src/core/certificate-request.ts';
import { distinguishedNameText } from '../../src/core/distinguished-name.ts';
import { keyName } from '../../src/core/public-key.ts';
import { commandLine, type CommandResult } from '../support/command-line.ts';
import { ISTIOD, csrPem, spiffe } from '../support/requests.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = `
requesters: { user: ${ISTIOD}, approves: true, vouches: { namespaces: ["*"] } }
signers:
  - { name: example.test/foo, ca: { secret: cas/foo }, allow: [{ namespaces: foo }, { requesters: [${ISTIOD}], dnsNames: ["*.foo.svc"] }], lifetime: { default: 1h, max: 2h } }
  - { name: example.test/labelled, ca: { secret: cas/labelled }, allow: { namespaces: { matchLabels: { tenant: a } } } }
`;
const GOOD = `request: { uris: ["spiffe://cluster.local/ns/foo/sa/web"] }\nsigner: foo\nas: ${ISTIOD}\nexpect: allowed\n`;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-policy-'));
  await writeFile(join(folder, 'signet.yaml'), CONFIG);
});
beforeEach(() => rm(join(folder, 'cases'), { recursive: true, force: true }));
after(() => rm(folder, { recursive: true }));

async function run(files: Readonly<Record<string, string>>, ...args: string[]): Promise<CommandResult> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'cases', name)), { recursive: true });
    await writeFile(join(folder, 'cases', name), content);
  }
  return commandLine(['test', '-c', join(folder, 'signet.yaml'), join(folder, 'cases'), ...args]);
}

it('the cases of the example hold for its configuration, and do not for one that opens a tenant', async () => {
  const cases = join(ROOT, 'examples/istio-multi-tenant/policy-tests');
  const overlay = join(ROOT, 'manifests/overlays/istio-multi-tenant/config/signet.yaml');
  const good = await commandLine(['test', '-c', overlay, cases]);
  assert.deepEqual([good.code, good.stderr], [0, '']);
  assert.match(good.stdout, /\nok: 13 cases, all as expected\n$/);
  const opened = join(folder, 'opened.yaml');
  await writeFile(opened, readFileSync(overlay, 'utf8').replace('allow: [{ namespaces: [foo] }]', 'allow: [{ namespaces: [foo, bar] }]'));
  const bad = await commandLine(['test', '-c', opened, cases]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /NOT {2}.*tenants\.yaml:15: a workload of bar that has chosen foo's signer gets nothing\n {5}verdict: expected refused, found allowed\n/);
});

describe('signet test', () => {
  it('runs every document of every file, in the order of the paths, and counts', async () => {
    const { code, stdout } = await run({ 'b.yaml': `name: last\n${GOOD}`, 'a/x.yml': `name: first\n${GOOD}---\nname: second\n${GOOD}`, 'notes.txt': 'no case' });
    assert.equal(code, 0);
    const lines = stdout.split('\n').map((line) => line.replace(`${folder}/cases/`, ''));
    assert.deepEqual(lines, ['ok   a/x.yml:1: first', 'ok   a/x.yml:7: second', 'ok   b.yaml:1: last', 'ok: 3 cases, all as expected', '']);
  });

  for (const [what, expected, found] of [
    ['the verdict', 'expect: refused', /verdict: expected refused, found allowed\n {5}Signer "example\.test\/foo" allows this request by allow\[0\]/],
    ['the lifetime', 'expect: allowed\ncertificate: { lifetime: 2h }', /certificate\.lifetime: expected 2h, found 1h/],
    ['a name', 'expect: allowed\ncertificate: { uris: [] }', /certificate\.uris: expected none, found spiffe:\/\/cluster\.local\/ns\/foo\/sa\/web/],
    ['a name that is not there', 'expect: allowed\ncertificate: { dnsNames: a.foo.svc }', /certificate\.dnsNames: expected a\.foo\.svc, found none/],
    ['the usages', 'expect: allowed\ncertificate: { usages: [client auth] }', /certificate\.usages: expected client auth, found client auth, digital signature, server auth/],
    ['which entry allows it', 'expect: allowed\ncertificate: { policy: "allow[1]" }', /certificate\.policy: expected allow\[1\], found allow\[0\]/],
  ] as const) {
    it(`says where ${what} is another than expected, and ends with 1; with what is found instead it ends with 0`, async () => {
      const { code, stdout } = await run({ 'a.yaml': GOOD.replace('expect: allowed', expected) });
      assert.equal(code, 1);
      assert.match(stdout, found);
      assert.match(stdout, /\nnot as expected: 1 of 1 case\n$/);
      const certificate = 'certificate: { lifetime: 1h, uris: "spiffe://cluster.local/ns/foo/sa/web", dnsNames: [], ipAddresses: [], usages: [server auth, client auth, digital signature], policy: "allow[0]" }';
      assert.equal((await run({ 'a.yaml': `${GOOD}${certificate}\n` })).code, 0);
    });
  }

  it('a refusal for another reason, rule or field than expected is none', async () => {
    const refused = (more: string): Promise<CommandResult> => run({ 'a.yaml': `${GOOD.replace('ns/foo', 'ns/bar').replace('expect: allowed', 'expect: refused')}${more}\n` });
    assert.equal((await refused('')).code, 0);
    for (const [good, bad, found] of [['reason: PolicyViolation', 'reason: InvalidRequest', 'PolicyViolation'], ['rule: namespace', 'rule: credible', 'namespace'], ['field: namespace', 'field: spec.usages', 'namespace']] as const) {
      assert.equal((await refused(good)).code, 0, good);
      const { code, stdout } = await refused(bad);
      assert.deepEqual([code, stdout.includes(`found ${found}\n`)], [1, true], bad);
    }
  });

  it('what turns on labels is decided by those that the case tells, and without them is told to need them', async () => {
    const labelled = (more: string): Promise<CommandResult> => run({ 'a.yaml': `${GOOD.replace('signer: foo', 'signer: labelled')}${more}\n` });
    assert.equal((await labelled('namespaceLabels: { foo: { tenant: a } }')).code, 0);
    assert.match((await labelled('namespaceLabels: { foo: { tenant: b } }')).stdout, /expected allowed, found refused/);
    const { code, stdout } = await labelled('');
    assert.equal(code, 1);
    assert.match(stdout, /expected allowed, found unknown\n.*\n {5}tell the labels of its namespaces: namespaceLabels/);
  });

  it('takes a request from a file beside it, from text in line, and from a manifest, which it does not take for cases', async () => {
    const pem = csrPem({ names: [spiffe('foo', 'web')] });
    const manifest = `kind: CertificateSigningRequest\nmetadata: { name: a }\nspec: { signerName: example.test/foo, username: "${ISTIOD}", usages: [client auth, digital signature], request: ${Buffer.from(pem).toString('base64')} }\n`;
    const rest = `signer: foo\nas: ${ISTIOD}\nexpect: allowed\n`;
    const { code, stdout } = await run({
      'requests/a.pem': pem,
      'requests/a.yaml': manifest,
      'cases.yaml': [`csr: requests/a.pem\n${rest}`, `csr: |\n${pem.replace(/^/gm, '  ')}\n${rest}`, 'csr: requests/a.yaml\nexpect: allowed\ncertificate: { usages: [client auth, digital signature] }\n', 'csr: requests/a.yaml\nas: system:serviceaccount:foo:other\nexpect: refused\nrule: credible\n'].join('---\n'),
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /ok: 4 cases/);
  });

  it('passes over a manifest and what is empty, and runs the cases beside them in the same file', async () => {
    const manifest = 'kind: CertificateSigningRequest\nspec: { request: eA== }\n';
    const { code, stdout } = await run({ 'a.yaml': `---\n---\n${manifest}---\nname: beside\n${GOOD}---\n`, 'b.yaml': `# nothing\n` });
    assert.deepEqual([code, stdout.replace(`${folder}/cases/`, '')], [0, 'ok   a.yaml:6: beside\nok: 1 case, all as expected\n']);
    assert.match((await run({ 'a.yaml': `${manifest}---\n${GOOD}rules: x\n` })).stderr, /a\.yaml:8:1: rules: is not a key/);
    assert.match((await run({ 'a.yaml': manifest, 'b.yaml': '---\n' })).stderr, /there is no case in/);
  });

  it('follows a link to a file of cases, and passes over what is hidden, as a mounted ConfigMap has both', async () => {
    await run({ '..2026/a.yaml': GOOD, '.git/b.yaml': 'no: case\n' });
    await symlink('..2026/a.yaml', join(folder, 'cases/a.yaml'));
    const { code, stdout } = await commandLine(['test', '-c', join(folder, 'signet.yaml'), join(folder, 'cases')]);
    assert.deepEqual([code, stdout.replace(`${folder}/cases/`, '')], [0, 'ok   a.yaml:4: case of line 4\nok: 1 case, all as expected\n']);
    await symlink('nowhere.yaml', join(folder, 'cases/c.yaml'));
    assert.match((await commandLine(['test', '-c', join(folder, 'signet.yaml'), join(folder, 'cases')])).stderr, /there is no such file/);
  });

  it('every mistake in the cases is told with its line, before anything is run, and ends with 2', async () => {
    const { code, stdout, stderr } = await run({ 'a.yaml': 'request: { uris: "a:b", kye: P-256 }\nsigner: foo\nas: x\nexpect: maybe\n', 'b.yaml': `name: right\n${GOOD}---\n${GOOD.replace('signer: foo', 'signer: nothing')}`, 'c.yaml': `${GOOD}certificate: { lifetime: 1.5ms }\n` });
    assert.deepEqual([code, stdout], [2, '']);
    const told = stderr.replaceAll(`${folder}/cases/`, '');
    for (const line of ['a.yaml:1:25: request.kye: is not a key that Signet knows here', 'a.yaml:4:1: expect: must be "allowed" or "refused", found "maybe"', 'b.yaml:7:1: there is no signer "nothing" in the configuration', 'c.yaml:5:16: certificate.lifetime: "1.5ms" is not a duration of whole seconds']) assert.ok(told.includes(line), `${line}\n${told}`);
  });

  it('what contradicts itself is refused', async () => {
    const message = async (text: string): Promise<string> => (await run({ 'a.yaml': text })).stderr.replace(/^[^]*a\.yaml:/, '').trim();
    assert.match(await message('expect: allowed\nsigner: foo\nas: a\n'), /request: must be there, or "csr"/);
    assert.match(await message(`${GOOD}csr: a.pem\n`), /csr: must not stand beside "request"/);
    assert.match(await message(GOOD.replace('signer: foo\n', '')), /signer: must be there beside "request"/);
    assert.match(await message(`${GOOD}rule: namespace\n`), /rule: is about what is refused/);
    assert.match(await message(`${GOOD.replace('allowed', 'refused')}certificate: {}\n`), /certificate: is about what is allowed/);
    assert.match(await message(`${GOOD.replace('allowed', 'refused')}rule: no-such-rule\n`), /rule: must be one of some-name, /);
    assert.match(await message('csr: none.pem\nsigner: foo\nas: a\nexpect: allowed\n'), /cannot read the request .*cases\/none\.pem": there is no such file/);
    assert.match(await message('csr: /nowhere/none.pem\nsigner: foo\nas: a\nexpect: allowed\n'), /cannot read the request "\/nowhere\/none\.pem": there is no such file/);
    assert.match(await message(`${GOOD}usages: [client-auth]\n`), /usages\[0\]: must be a usage of spec\.usages: signing, .*, found "client-auth"/);
    assert.match(await message(`${GOOD}expiration: 9m\n`), /expiration: must be 10m to 2147483647s, as the API server takes no other, found "9m"/);
    assert.match(await message(`"k\\e[2J\\u202e": 1\n${GOOD}`), /k\\u001b\[2J\\u202e: is not a key/);
    assert.match(await message('a: &b 1\nc: *b\n'), /aliases \(\*name\) are not allowed/);
  });

  it('no case at all, no folder, and none that is named end with 2', async () => {
    assert.match((await run({ 'a.txt': '' })).stderr, /there is no case in/);
    assert.match((await run({ 'a.yaml': '# nothing\n' })).stderr, /there is no case in/);
    const none = await commandLine(['test', '-c', join(folder, 'signet.yaml'), join(folder, 'nowhere')]);
    assert.deepEqual([none.code, /cannot read/.test(none.stderr)], [2, true]);
    assert.match((await commandLine(['test', '-c', join(folder, 'signet.yaml')])).stderr, /name the folder of the cases/);
  });

  it('-o json has each case with what was found', async () => {
    const { code, stdout } = await run({ 'a.yaml': `name: x\n${GOOD}---\nname: y\n${GOOD.replace('ns/foo', 'ns/bar')}` }, '-o', 'json');
    const { passed, failed, cases } = JSON.parse(stdout) as { passed: number; failed: number; cases: { name: string; line: number; ok: boolean; differences: object[]; found: { verdict: string; violations: { rule: string }[] } }[] };
    assert.deepEqual([code, passed, failed], [1, 1, 1]);
    assert.deepEqual(cases.map(({ name, line, ok, differences, found }) => [name, line, ok, differences, found.verdict, found.violations.map(({ rule }) => rule)]), [
      ['x', 1, true, [], 'allowed', []],
      ['y', 7, false, [{ what: 'verdict', expected: 'allowed', found: 'refused' }], 'refused', ['namespace']],
    ]);
  });
});

describe('a request that is made for a case', () => {
  for (const key of MADE_KEYS.filter((each) => each !== 'RSA-4096')) {
    it(`is one that the strict reader reads, with a ${key} key`, () => {
      const parsed = parseRequest(madeRequest({ pair: newPair(key), names: [spiffe('foo'), { type: 'ip', value: '10.0.0.1' }], commonName: 'x' }));
      assert.ok(parsed.ok);
      assert.deepEqual([keyName(parsed.request.publicKey.algorithm), distinguishedNameText(parsed.request.subject), parsed.request.names.length], [key, 'CN=x', 2]);
    });
  }

  it('has no names where none are asked for, and Istio\'s subject', () => {
    const parsed = parseRequest(madeRequest({ pair: newPair('P-256'), names: [], commonName: null }));
    assert.ok(parsed.ok);
    assert.deepEqual([parsed.request.names, parsed.request.extensions, distinguishedNameText(parsed.request.subject)], [[], [], 'O=']);
  });
});

it('every key of a case is in the document', () => {
  const document = readFileSync(join(ROOT, 'docs/explain.md'), 'utf8');
  const table = document.slice(document.indexOf('| key of a case |'));
  for (const key of Object.keys(caseSchema.shape)) assert.match(table, new RegExp(`\`${key}\``), key);
});
