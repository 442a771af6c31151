import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { Report } from '../../src/cli/explain/report.ts';
import { asciiJson, asciiYaml } from '../../src/cli/explain/ascii.ts';
import { nearSigners } from '../../src/cli/explain/near-signers.ts';
import { command } from '../../src/cli/explain.ts';
import { certificatePem } from '../../src/core/certificate.ts';
import { issue, testRoot } from '../support/authority.ts';
import { commandLine, type CommandResult } from '../support/command-line.ts';
import { NOON } from '../support/clock.ts';
import { plan } from '../support/plans.ts';
import { ISTIOD, csrDer, csrPem, dns, otherName, spiffe, type RequestShape } from '../support/requests.ts';

const DOMAIN = 'clusterissuers.cert-manager.io';
const CONFIG = `
requesters:
  - { user: ${ISTIOD}, approves: true, vouches: { namespaces: ["*"] } }
signers:
  - { name: ${DOMAIN}/foo, ca: { secret: cas/foo }, allow: { namespaces: foo } }
  - { name: ${DOMAIN}/bar, ca: { secret: cas/bar }, allow: [{ namespaces: bar, usages: [client auth, digital signature] }, { namespaces: { matchLabels: { tenant: bar } } }] }
  - { name: ${DOMAIN}/external, ca: { secret: cas/external }, approval: external, allow: { namespaces: foo } }
`;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-explain-'));
  await writeFile(join(folder, 'signet.yaml'), CONFIG);
});
after(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
const explain = (...args: string[]): Promise<CommandResult> => commandLine(['explain', '-c', join(folder, 'signet.yaml'), ...args], { now: () => NOON });
/** istiod asks foo's signer by a PEM file; further options follow. */
const offline = async (shape: RequestShape = {}, ...args: string[]): Promise<CommandResult & { report: Report }> => {
  const path = await file('csr.pem', csrPem({ names: [spiffe('foo')], ...shape }));
  const result = await explain('-f', path, '-o', 'json', ...(args.includes('--as') ? [] : ['--as', ISTIOD]), ...(args.includes('--signer') ? [] : ['--signer', 'foo']), ...args);
  return { ...result, report: (result.stdout === '' ? null : JSON.parse(result.stdout)) as Report };
};
const manifest = (spec: object, rest: object = {}): object => ({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'csr-1', ...rest }, spec });
const inSpec = (pem: string): string => Buffer.from(pem).toString('base64');

describe('the exit code', () => {
  it('is 0 for what would be signed, 1 for what would not, 2 for what nobody can tell', async () => {
    assert.deepEqual([(await offline()).code, (await offline()).report.verdict], [0, 'allowed']);
    const theft = await offline({ names: [spiffe('bar')] });
    assert.deepEqual([theft.code, theft.report.verdict, theft.report.reason], [1, 'refused', 'PolicyViolation']);
    const labels = await offline({ names: [spiffe('bar')] }, '--signer', 'bar');
    assert.deepEqual([labels.code, labels.report.verdict], [2, 'unknown']);
    assert.match(labels.report.notes.join(), /--namespace-labels/);
    const told = await offline({ names: [spiffe('bar')] }, '--signer', 'bar', '--namespace-labels', 'bar:tenant=bar');
    assert.deepEqual([told.code, told.report.verdict, told.report.certificate?.policy], [0, 'allowed', 'allow[1]']);
    assert.equal((await offline({ names: [spiffe('baz')] }, '--signer', 'bar', '--namespace-labels', 'baz:')).code, 1);
    assert.equal((await offline({ names: [spiffe('baz')] }, '--signer', 'bar', '--namespace-labels', 'bar:tenant=bar')).code, 2, 'of another namespace than was told');
  });

  it('is 2, with what to do, for what cannot be asked', async () => {
    const path = await file('csr.pem', csrPem({ names: [spiffe('foo')] }));
    const failing: [string[], RegExp][] = [
      [[], /name one request, or a file with -f/],
      [['a', 'b'], /name one request/],
      [['csr-1', '-f', path], /name one request/],
      [['csr-1', '--signer', 'foo'], /--signer goes with -f/],
      [['-f', path, '--as', ISTIOD], /does not say which signer it is for: add --signer\nhint: its signers are clusterissuers/],
      [['-f', path, '--signer', 'foo'], new RegExp(`does not say who asks.*add --as USER\nhint: --as ${ISTIOD}`)],
      [['-f', path, '--signer', 'nothing', '--as', ISTIOD], /there is no signer "nothing"/],
      [['-f', join(folder, 'none.pem'), '--signer', 'foo', '--as', ISTIOD], /cannot read the request ".*none\.pem": there is no such file\nhint: a request is PEM, DER, or what/],
      [['-f', folder, '--signer', 'foo', '--as', ISTIOD], /cannot read the request .*: it is a directory/],
      [['-f', await file('empty', ''), '--signer', 'foo', '--as', ISTIOD], /is empty/],
      [['-f', await file('huge', Buffer.alloc(3 << 20, 'a')), '--signer', 'foo', '--as', ISTIOD], /larger than 2097152 bytes/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--usages', 'client-auth'], /"client-auth", which is no usage.*\nhint: did you mean "client auth"\?/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--expiration', 'soon'], /--expiration must be a duration/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--expiration', '599s'], /--expiration must be .* 10m to 2147483647s.*found "599s"/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--expiration', '2147483648s'], /10m to 2147483647s/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--usages', ','], /--usages must have one at least/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--annotations', 'x'], /--annotations must have key=value/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--annotations', 'x=1', '--annotations', 'x=2'], /--annotations has "x" twice/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--namespace-labels', 'x'], /--namespace-labels must be NAMESPACE:key=value/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--namespace-labels', 'foo:a=1,a=2'], /--namespace-labels has "a" twice/],
      [['-f', path, '--signer', 'foo', '--as', ISTIOD, '--namespace-labels', 'foo:a=1', '--namespace-labels', 'foo:b=2'], /has the namespace "foo" twice/],
      [['-f', '-', '-c', '-'], /-c is given twice/],
    ];
    for (const [args, message] of failing) {
      const { code, stdout, stderr } = await explain(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, message);
    }
    const both = await commandLine(['explain', '-c', '-', '-f', '-', '--signer', 'foo', '--as', ISTIOD]);
    assert.deepEqual([both.code, /both read stdin/.test(both.stderr)], [2, true]);
    assert.equal((await explain('-f', path, '--signer', 'foo', '--as', ISTIOD, '--expiration', '10m', '--annotations', 'x=1', '--annotations', 'y=2', '--namespace-labels', 'foo:a=1,b=2')).code, 0);
  });
});

describe('what stands in the file', () => {
  it('is PEM, DER, or a manifest in YAML or JSON: the same answer', async () => {
    const der = csrDer({ names: [spiffe('bar')] });
    const pem = csrPem({ names: [spiffe('bar')] });
    const spec = { signerName: `${DOMAIN}/foo`, username: ISTIOD, usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'], request: inSpec(pem) };
    const asking = ['--signer', 'foo', '--as', ISTIOD];
    const yaml = asciiYaml(manifest(spec));
    const said = async (name: string, content: string | Uint8Array, ...args: string[]): Promise<unknown> => {
      const { code, stdout } = await explain('-f', await file(name, content), '-o', 'json', ...args);
      const { verdict, violations, request: { names, key } } = JSON.parse(stdout) as Report;
      return { code, verdict, violations, names, key };
    };
    const expected = await said('a.pem', pem, ...asking);
    assert.deepEqual(await said('a.der', der, ...asking), expected);
    assert.deepEqual(await said('a.yaml', yaml), expected);
    assert.deepEqual(await said('a.json', JSON.stringify(manifest(spec))), expected);
    assert.deepEqual(await said('b.json', asciiJson(manifest(spec))), expected);
    assert.equal(((await said('c.yaml', yaml, '--signer', 'bar', '--namespace-labels', 'bar:tenant=bar')) as { verdict: string }).verdict, 'allowed', 'what is said beside the file wins');
    assert.equal(((await said('d.yaml', yaml, '--as', 'system:serviceaccount:bar:app')) as { verdict: string }).verdict, 'refused');
  });

  it('that is a manifest of something else, or broken, ends with 2', async () => {
    for (const [content, message] of [
      ['kind: Pod\nmetadata: {}\nspec: {}\n', /m\.yaml" is no CertificateSigningRequest: line 1: kind: must be CertificateSigningRequest, found "Pod"; line 3: spec\.request: .*; it is missing\nhint: kubectl get csr NAME -o yaml\n$/],
      ['kind: CertificateSigningRequest\nspec: 1\n', /line 2: spec: must be a mapping, found 1/],
      ['{"kind": "Certif', /is no CertificateSigningRequest: line 1/],
      ['kind: CertificateSigningRequest\nspec: {}\n', /spec\.request: .*; it is missing/],
      ['kind: &a [*a, *a]\n', /aliases \(\*name\) are not allowed/],
      ['kind: CertificateSigningRequest\n---\nkind: Pod\n', /line 2: there is another document here, and one is allowed/],
      [`kind: CertificateSigningRequest\nspec: ${'['.repeat(20_000)}\n`, /line 2: it is nested too deeply to be read\n/],
      ['kind: CertificateSigningRequest\nmetadata: { annotations: { "\\e[2J": 1 } }\nspec: { request: eA== }\n', /metadata\.annotations\.\\u001b\[2J: must be a text; put it in quotes, found 1\n/],
      ['kind: CertificateSigningRequest\napiVersion: other.example/v1\nspec: { request: eA== }\n', /apiVersion: must be certificates\.k8s\.io\/v1, found "other\.example\/v1"/],
    ] as const) {
      const { code, stderr } = await explain('-f', await file('m.yaml', content), '--as', ISTIOD, '--signer', 'foo');
      assert.equal(code, 2, content);
      assert.match(stderr, message);
    }
  });

  it('has a text wherever the API server has one: with anything else it ends with 2, and never with an exception', async () => {
    const spec = { signerName: `${DOMAIN}/foo`, username: ISTIOD, usages: ['digital signature', 'client auth'], request: inSpec(csrPem({ names: [spiffe('foo')] })) };
    const said = async (object: object): Promise<CommandResult> => explain('-f', await file('m.json', JSON.stringify(object)));
    const annotated = (value: unknown): object => manifest(spec, { annotations: { 'experimental.cert-manager.io/request-is-ca': value } });
    const status = (content: object): object => ({ ...manifest(spec), status: content });
    for (const [what, odd, right] of [
      ['spec.username', manifest({ ...spec, username: 5 }), manifest(spec)],
      ['metadata.uid', manifest(spec, { uid: 5 }), manifest(spec, { uid: 'u' })],
      ['metadata.annotations', annotated(false), annotated('false')],
      ['status.certificate', status({ certificate: 5 }), status({ certificate: '' })],
      ['status.conditions', status({ conditions: 'x' }), status({ conditions: [] })],
      ['status.conditions[0]', status({ conditions: [null] }), status({ conditions: [{ type: 'example.test/Noted' }] })],
      ['status.conditions[0].reason', status({ conditions: [{ type: 'Noted', reason: 7 }] }), status({ conditions: [{ type: 'Noted', reason: '7' }] })],
    ] as const) {
      const { code, stdout, stderr } = await said(odd);
      assert.deepEqual([code, stdout], [2, ''], what);
      assert.ok(stderr.includes(`is no CertificateSigningRequest: line 1: ${what}`), stderr);
      assert.equal((await said(right)).code, 0, what);
    }
  });

  it('that holds a private key is told to do so, and nothing of it is shown', async () => {
    for (const { type, format } of [{ type: 'pkcs8', format: 'pem' }, { type: 'sec1', format: 'pem' }] as const) {
      const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type, format }).toString();
      const [, body = ''] = key.split('\n');
      const path = await file('key.pem', key);
      for (const output of ['text', 'json', 'yaml']) {
        const { code, stdout } = await explain('-f', path, '--signer', 'foo', '--as', ISTIOD, '-o', output);
        assert.deepEqual([code, stdout.includes(body), stdout.includes(Buffer.from(body, 'base64').toString('hex').slice(0, 20))], [1, false, false], output);
        assert.match(stdout, /a PEM block (EC )?PRIVATE KEY/);
      }
      const { stdout } = await explain('-f', await file('both.pem', key + csrPem({ names: [spiffe('foo')] })), '--signer', 'foo', '--as', ISTIOD, '-o', 'json');
      const { request } = JSON.parse(stdout) as Report;
      assert.deepEqual([request.problem?.found, request.lenient?.names, stdout.includes(body)], ['2 PEM blocks', ['URI:spiffe://cluster.local/ns/foo/sa/app'], false]);
    }
  });

  it('is judged with whatever is around the PEM, and decoded as far as it goes', async () => {
    const path = await file('around.pem', `a comment\n${csrPem({ names: [spiffe('foo')] })}`);
    const { code, stdout } = await explain('-f', path, '--signer', 'foo', '--as', ISTIOD, '-o', 'json');
    const { reason, request } = JSON.parse(stdout) as Report;
    assert.deepEqual([code, reason, request.readable, request.problem?.found, request.lenient?.names], [1, 'InvalidRequest', false, 'text before the PEM block', ['URI:spiffe://cluster.local/ns/foo/sa/app']]);
    const text = await explain('-f', path, '--signer', 'foo', '--as', ISTIOD);
    assert.match(text.stdout, /unreadable {3}spec\.request: found text before the PEM block/);
    assert.match(text.stdout, /Signet reads strictly/);
    const good = await offline();
    assert.deepEqual([good.code, good.report.request.lenient], [0, null]);
  });

  it('may come by stdin', () => {
    const main = join(import.meta.dirname, '../../src/main.ts');
    const run = (input: string) => spawnSync(process.execPath, ['--import', 'tsx', main, 'explain', '-c', join(folder, 'signet.yaml'), '-f', '-', '--signer', 'foo', '--as', ISTIOD], { input, encoding: 'utf8' });
    const good = run(csrPem({ names: [spiffe('foo')] }));
    assert.deepEqual([good.status, good.stderr], [0, '']);
    assert.match(good.stdout, /^ {2}name {9}"<stdin>", pending$/m);
    const nothing = run('');
    assert.deepEqual([nothing.status, nothing.stderr], [2, 'signet: cannot read the request "-": it is empty\nhint: a request is PEM, DER, or what "kubectl get csr NAME -o yaml" prints\n']);
  });

  it('is refused beyond 64 KiB as a request in the cluster is', async () => {
    const { code, stdout } = await explain('-f', await file('large.pem', csrPem() + '\n'.repeat(70_000)), '--signer', 'foo', '--as', ISTIOD, '-o', 'json');
    assert.deepEqual([code, (JSON.parse(stdout) as Report).violations[0]?.found], [1, '65537 bytes of PEM, more than 65536']);
  });
});

describe('the options', () => {
  it('--usages, --annotations, --expiration, --groups and --approved are as in the request itself', async () => {
    const usages = await offline({}, '--usages', 'digital signature,client auth');
    assert.deepEqual([usages.report.certificate?.extendedKeyUsage, usages.report.notes.some((note) => note.startsWith('no usages'))], [['client auth'], false]);
    assert.equal((await offline({}, '--usages', 'digital signature,code signing')).report.violations[0]?.rule, 'usages');
    assert.equal((await offline({}, '--expiration', '1h')).report.certificate?.lifetime, 3600);
    assert.equal((await offline({}, '--annotations', 'experimental.cert-manager.io/request-duration=2h')).report.certificate?.lifetime, 7200);
    assert.equal((await offline({}, '--annotations', 'experimental.cert-manager.io/request-is-ca=true')).report.violations[0]?.rule, 'known-annotations');
    assert.deepEqual((await offline({}, '--groups', 'a, b')).report.requester.groups, ['a', 'b']);
    assert.deepEqual([(await offline()).report.state, (await offline({}, '--approved')).report.state], ['pending', 'approved']);
  });

  it('the last line of the text follows the state: what happens now, and what once it is approved', async () => {
    const path = await file('csr.pem', csrPem({ names: [spiffe('foo')] }));
    const text = async (...args: string[]): Promise<string> => (await explain('-f', path, ...args)).stdout;
    assert.match(await text('--signer', 'foo', '--as', 'system:serviceaccount:foo:app'), /now while it is pending: approves it, by allow\[0\]\n {2}once it is approved: issues the certificate/);
    assert.match(await text('--signer', 'external', '--as', 'system:serviceaccount:foo:app'), /now while it is pending: nothing, as somebody else approves for this signer/);
    assert.match(await text('--signer', 'foo', '--as', 'system:serviceaccount:bar:app', '--approved'), /\n {2}while it is pending: Denied \(PolicyViolation\)\n {2}now that it is approved: Failed \(PolicyViolation\)/);
  });

  it('every option is in the help, and the help has no line that is too long', async () => {
    const { stdout } = await commandLine(['help', 'explain']);
    for (const option of Object.keys(command.options)) assert.ok(stdout.includes(`--${option}`), option);
    assert.ok(stdout.split('\n').every((line) => line.length <= 160));
  });
});

describe('a signer that is not served', () => {
  it('is explained with the names that are near, and one of another domain without', async () => {
    const typo = await offline({}, '--signer', `${DOMAIN}/fooo`);
    assert.deepEqual([typo.code, typo.report.verdict, typo.report.reason, typo.report.signer.near], [1, 'unserved', 'SignerNotFound', [`${DOMAIN}/foo`]]);
    const foreign = await offline({}, '--signer', 'kubernetes.io/kubelet-serving');
    assert.deepEqual([foreign.code, foreign.report.verdict, foreign.report.signer.near], [1, 'unserved', []]);
    const text = await explain('-f', join(folder, 'csr.pem'), '--signer', `${DOMAIN}/fooo`, '--as', ISTIOD);
    assert.match(text.stdout, /not served: .*did you mean clusterissuers\.cert-manager\.io\/foo\?\n$/);
    assert.match(text.stdout, /clusterissuers\.cert-manager\.io\/foo would allow the very same request, by allow\[0\]/);
  });

  it('near is a letter or two, in the domain or in the path', () => {
    const signers = ['a.example.com/tenant-one', 'a.example.com/tenant-two', 'other.test/tenant-one'];
    assert.deepEqual(nearSigners('a.example.com/tenat-one', signers), ['a.example.com/tenant-one']);
    assert.deepEqual(nearSigners('a.exmaple.com/tenant-two', signers).includes('a.example.com/tenant-two'), true);
    assert.deepEqual(nearSigners('z.example.org/else', signers), []);
  });
});

describe('what is printed', () => {
  const hostile = 'system:serviceaccount:foo:app\u001b[2J\u202e\u0000\u0085';

  it('holds nothing but printable ASCII, whatever the request holds', async () => {
    const nul = Buffer.from(csrDer({ names: [spiffe('foo'), dns('a.foo.svc'), otherName('x\u202e')] }));
    const path = await file('hostile.der', nul);
    for (const output of ['text', 'json', 'yaml']) {
      const { stdout } = await explain('-f', path, '--signer', 'foo', '--as', hostile, '-o', output);
      assert.match(stdout, /^[\n -~]+$/, output);
      const back = output === 'json' ? (JSON.parse(stdout) as Report) : output === 'yaml' ? (parse(stdout) as Report) : null;
      if (back !== null) assert.equal(back.requester.username, hostile, 'and reads back as it is');
    }
    assert.match((await explain('-f', path, '--signer', 'foo', '--as', hostile)).stdout, /app\\u\{1b\}\[2J/);
  });

  it('is the same in JSON and in YAML', async () => {
    const path = await file('csr.pem', csrPem({ names: [spiffe('bar')] }));
    const [json, yaml] = await Promise.all(['json', 'yaml'].map((output) => explain('-f', path, '--signer', 'foo', '--as', ISTIOD, '-o', output)));
    assert.deepEqual(parse(yaml?.stdout ?? ''), JSON.parse(json?.stdout ?? ''));
  });

  it('escapes survive the texts that YAML would fold or leave plain', () => {
    const value = { long: 'a b '.repeat(200), tab: 'a\tb', colon: 'a: b', lines: 'a\nb\u2028c', number: '1', bidi: '\u202e', emoji: '😀', key: { 'ke\u0007y': 1 } };
    for (const print of [asciiJson, asciiYaml]) {
      assert.match(print(value), /^[\n -~]+$/);
      assert.deepEqual(parse(print(value)), value);
    }
  });
});

describe('a manifest of a request that is decided', () => {
  const ca = testRoot({ name: 'foo' });
  const [leaf] = issue(plan(ca), ca);
  const pem = certificatePem(leaf ?? assert.fail());
  const spec = (names = [spiffe('foo')]) => ({ signerName: `${DOMAIN}/foo`, username: ISTIOD, usages: ['digital signature', 'server auth', 'client auth'], request: inSpec(csrPem({ names })) });
  const serial = Buffer.from(leaf?.serial ?? []).toString('hex');
  const issued = (names = [spiffe('foo')], annotations: object = { 'signet.dev/serial': serial, 'signet.dev/policy': 'allow[0]', 'signet.dev/decision': 'issued' }) => ({ ...manifest(spec(names), { annotations }), status: { certificate: inSpec(pem), conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] } });
  const decided = (type: string, reason: string, names = [spiffe('foo')]) => ({ ...manifest(spec(names)), status: { conditions: [{ type, status: 'True', reason, message: 'why' }] } });
  const report = async (object: object): Promise<Report & { code: number }> => {
    const { code, stdout, stderr } = await explain('-f', await file('m.json', JSON.stringify(object)), '-o', 'json');
    assert.equal(stderr, '');
    return { ...(JSON.parse(stdout) as Report), code };
  };

  it('that was signed ends with 0 and tells the certificate, and whether it would be signed today', async () => {
    const same = await report(issued());
    assert.deepEqual([same.code, same.state, same.status?.outcome, same.status?.changed, same.verdict], [0, 'final', 'issued', null, 'allowed']);
    assert.ok(same.status?.certificate?.problem === null);
    assert.deepEqual([same.status.certificate.serial, same.status.certificate.issuer, same.status.certificate.bySignet], [serial, 'CN=foo', true]);
    const changed = await report(issued([spiffe('bar')]));
    assert.deepEqual([changed.code, changed.verdict, changed.status?.changed], [0, 'refused', 'it was issued, and would be refused now']);
    const otherwise = await report(issued([spiffe('foo')], { 'signet.dev/serial': serial, 'signet.dev/policy': 'allow[7]' }));
    assert.equal(otherwise.status?.changed, '"allow[7]" allowed it then, allow[0] allows it now');
    const others = await report(issued([spiffe('foo')], {}));
    assert.ok(others.status?.certificate?.problem === null);
    assert.deepEqual([others.status.certificate.bySignet, others.status.changed], [false, null]);
    const broken = await report({ ...issued(), status: { certificate: inSpec('nothing') } });
    assert.deepEqual([broken.code, broken.status?.certificate?.problem], [0, 'no PEM block CERTIFICATE']);
  });

  it('is shown with nothing that a terminal would take for a command, and with the whole of a message', async () => {
    const text = async (object: object): Promise<string> => (await explain('-f', await file('m.json', JSON.stringify(object)))).stdout;
    const repainted = await text(issued([spiffe('foo')], { 'signet.dev/serial': serial, 'signet.dev/policy': 'allow[0]\u001b[2J\u202e' }));
    assert.match(repainted, /^ {2}CHANGED {6}"allow\[0\]\\u\{1b\}\[2J\\u\{202e\}" allowed it then, allow\[0\] allows it now$/m);
    assert.match(repainted, /^[\n -~]+$/);
    const told = await text({ ...manifest(spec()), status: { conditions: [{ type: 'Denied', reason: 'x', message: `${'\u{1f600}'.repeat(150)}end` }] } });
    assert.equal(told.split('\\u{1f600}').length - 1, 150);
    assert.match(told, /end"$/m);
  });

  it('is another request where anything is said beside it, and nobody has decided about that one', async () => {
    const path = await file('m.json', JSON.stringify(issued()));
    const asked = async (...args: string[]): Promise<[number, string, string, unknown]> => {
      const { code, stdout } = await explain('-f', path, '-o', 'json', ...args);
      const { verdict, state, status } = JSON.parse(stdout) as Report;
      return [code, verdict, state, status?.outcome ?? null];
    };
    assert.deepEqual(await asked(), [0, 'allowed', 'final', 'issued']);
    assert.deepEqual(await asked('--as', 'system:serviceaccount:bar:app'), [1, 'refused', 'pending', null]);
    assert.deepEqual(await asked('--approved'), [0, 'allowed', 'approved', null]);
  });

  it('that is being deleted ends with 1: it gets nothing any more', async () => {
    const deleted = await report(manifest(spec(), { deletionTimestamp: '2026-03-04T12:00:00Z' }));
    assert.deepEqual([deleted.code, deleted.verdict, deleted.status?.outcome, (await report(manifest(spec()))).code], [1, 'allowed', 'deleted', 0]);
  });

  it('that was refused ends with 1, and is pointed out where it would be allowed today', async () => {
    const same = await report(decided('Failed', 'PolicyViolation', [spiffe('bar')]));
    assert.deepEqual([same.code, same.status?.outcome, same.status?.changed], [1, 'failed', null]);
    const changed = await report(decided('Denied', 'PolicyViolation'));
    assert.deepEqual([changed.code, changed.status?.outcome], [1, 'denied']);
    assert.match(changed.status?.changed ?? '', /would be allowed now; a decision is final/);
    assert.equal((await report(decided('Denied', 'SomebodyElse'))).status?.changed, null);
  });

  it('that is approved and would be refused all the same ends with 1, and says so', async () => {
    const against = await report(decided('Approved', 'x', [spiffe('bar')]));
    assert.deepEqual([against.code, against.state, against.status?.outcome], [1, 'approved', 'approved']);
    assert.match(against.status?.changed ?? '', /approved, and would be refused all the same/);
    assert.deepEqual([(await report(decided('Approved', 'x'))).code, (await report(decided('Approved', 'x'))).status?.changed], [0, null]);
  });
});
