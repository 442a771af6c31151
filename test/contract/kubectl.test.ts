import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { kubectl, type KubectlResult } from '../support/rig/kubectl.ts';
import { base64, csrBody } from './kubernetes/world.ts';

describe('plain kubectl works on the sandbox', () => {
  let sandbox: Sandbox;
  let dir: string;
  const run = (line: string, input = ''): Promise<KubectlResult> => kubectl(join(dir, 'kubeconfig'), ['--cache-dir', join(dir, 'cache'), ...line.split(' ')], { input });

  before(async () => {
    sandbox = await startSandbox();
    dir = await mkdtemp(join(tmpdir(), 'signet-kubectl-'));
    await writeFile(join(dir, 'kubeconfig'), sandbox.kubeconfig());
  });
  after(async () => {
    await sandbox.stop();
    await rm(dir, { recursive: true });
  });

  /** What a command prints on stdout; it must end well. */
  async function prints(line: string, input = ''): Promise<string> {
    const { code, stdout, stderr } = await run(line, input);
    assert.equal(code, 0, `kubectl ${line}: ${stderr}`);
    return stdout;
  }

  /** What a command prints on stderr; it must fail. */
  async function fails(line: string, input = ''): Promise<string> {
    const { code, stderr, stdout } = await run(line, input);
    assert.notEqual(code, 0, `kubectl ${line} succeeded: ${stdout}`);
    return stderr;
  }

  /** The cells of a table, without its header. */
  function rows(table: string): string[][] {
    return table.trim().split('\n').slice(1).map((row) => row.split(/\s{2,}/));
  }

  it('creates, lists, shows and deletes namespaces', async () => {
    assert.equal(await prints('create namespace team'), 'namespace/team created\n');
    assert.match(await prints('get ns'), /^NAME +STATUS +AGE\n/);
    assert.ok(rows(await prints('get ns')).some(([name, status]) => name === 'team' && status === 'Active'));
    assert.match(await prints('get ns team -o yaml'), /^kind: Namespace$/m);
    assert.match(await prints('describe ns team'), /Status: +Active/);
    assert.equal(await prints('delete ns team'), 'namespace "team" deleted\n');
    assert.match(await fails('get ns team'), /namespaces "team" not found/);
  });

  it('applies, changes and refuses manifests, validated by the server', async () => {
    const manifest = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n${data}\n`;
    assert.equal(await prints('apply -f -', manifest('data: {a: "1", b: "2"}')), 'configmap/one created\n');
    assert.equal(await prints('apply -f -', manifest('data: {a: "1", b: "2"}')), 'configmap/one unchanged\n');
    assert.equal(await prints('apply -f -', manifest('data: {a: "9"}')), 'configmap/one configured\n');
    assert.equal(await prints('get cm one -o jsonpath={.data}'), '{"a":"9"}');
    assert.match(await fails('apply -f -', manifest('dota: {a: "9"}')), /unknown field "dota"/);
    assert.equal(await prints('apply --dry-run=server -f -', manifest('data: {a: "10"}')), 'configmap/one configured (server dry run)\n');
    assert.match(await prints('diff -f -', manifest('data: {a: "9"}')), /^$/);
    assert.match(await prints('delete -f -', manifest('')), /configmap "one" deleted/);
  });

  it('creates, labels, annotates and lists secrets, config maps and service accounts', async () => {
    await prints('create secret generic one --from-literal=a=b');
    await prints('create configmap two --from-literal=a=b');
    await prints('create serviceaccount three');
    assert.deepEqual(rows(await prints('get secrets')).map((row) => row.slice(0, 3)), [['one', 'Opaque', '1']]);
    assert.deepEqual(rows(await prints('get cm')).map((row) => row.slice(0, 2)), [['two', '1']]);
    assert.deepEqual(rows(await prints('get sa')).map((row) => row[0]), ['three']);
    assert.match(await prints('get secret one -o yaml'), new RegExp(`a: ${base64('b')}`));
    await prints('label secret one tier=web');
    await prints('annotate secret one example.com/note=x');
    assert.deepEqual(rows(await prints('get secrets -l tier=web')).map((row) => row[0]), ['one']);
    assert.match(await prints('describe secret one'), /Annotations: +example.com\/note: x/);
    assert.match(await prints('get secrets -A -o wide'), /^NAMESPACE +NAME +TYPE +DATA +AGE\n/);
    assert.match(await prints('create token three'), /^[\w-]+\.[\w-]+\.[\w-]+$/m);
  });

  it('lists, describes, approves and denies certificate requests', async () => {
    for (const name of ['approved', 'denied']) await prints('apply -f -', JSON.stringify(csrBody({ name, spec: { expirationSeconds: 7200 } })));
    assert.match(await prints('get csr'), /^NAME +AGE +SIGNERNAME +REQUESTOR +REQUESTEDDURATION +CONDITION\n/);
    assert.deepEqual(rows(await prints('get csr')).map(([name, , ...row]) => [name, ...row]), [['approved', 'example.com/signer', 'admin', '120m', 'Pending'], ['denied', 'example.com/signer', 'admin', '120m', 'Pending']]);
    assert.match(await prints('certificate approve approved'), /certificatesigningrequest.certificates.k8s.io\/approved approved/);
    assert.match(await prints('certificate deny denied'), /denied denied/);
    assert.deepEqual(rows(await prints('get csr -o wide')).map((row) => row.at(-1)), ['Approved', 'Denied']);
    assert.match(await prints('describe csr approved'), /Status: +Approved/);
    assert.match(await prints('get csr denied -o yaml'), /type: Denied/);
    assert.match(await prints('get csr approved -o jsonpath={.status.conditions[0].reason}'), /KubectlApprove/);
    assert.match(await prints('delete csr --all'), /"approved" deleted[^]*"denied" deleted/);
    assert.match((await run('get csr')).stderr, /No resources found/);
  });

  it('shows the events of a certificate request', async () => {
    const [made] = sandbox.load([csrBody({ name: 'watched' })]);
    sandbox.load([
      {
        apiVersion: 'v1', kind: 'Event', metadata: { name: 'watched.1', namespace: 'default' }, reason: 'PolicyViolation', message: 'it may not', type: 'Warning', count: 1,
        involvedObject: { kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1', name: 'watched', uid: made?.metadata.uid }, source: { component: 'signet' },
        firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z',
      },
    ]);
    assert.match(await prints('describe csr watched'), /Warning +PolicyViolation +\S+ +signet +it may not/);
    assert.match(await prints('get events'), /Warning +PolicyViolation +certificatesigningrequest\/watched +it may not/);
    assert.match(await prints('events --for csr/watched'), /PolicyViolation/);
  });

  it('grants and asks for rights', async () => {
    await prints('create clusterrole reader --verb=get,list --resource=secrets');
    await prints('create clusterrolebinding reader --clusterrole=reader --user=jo');
    await prints('create role writer --verb=create --resource=configmaps');
    await prints('create rolebinding writer --role=writer --serviceaccount=default:three');
    assert.equal(await prints('auth can-i list secrets -A --as jo'), 'yes\n');
    assert.equal((await run('auth can-i delete secrets --as jo')).stdout, 'no\n');
    assert.equal(await prints('auth can-i create configmaps --as system:serviceaccount:default:three'), 'yes\n');
    assert.match(await fails('get csr --as jo'), /User "jo" cannot list resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope/);
    assert.match(await prints('get clusterrolebinding reader -o wide'), /ClusterRole\/reader +\S+ +jo/);
    assert.match(await prints('describe clusterrole reader'), /secrets +\[\] +\[\] +\[get list\]/);
    assert.match(await prints('auth whoami'), /Username +admin/);
  });

  it('watches until it is told to stop', async () => {
    await prints('create configmap awaited --from-literal=a=b');
    assert.match(await prints('wait configmap/awaited --for=jsonpath={.data.a}=b --timeout=10s'), /condition met/);
    assert.match(await prints('get csr --watch --request-timeout=1s'), /watched/);
  });

  it('discovers and explains what there is', async () => {
    assert.match(await prints('api-resources'), /certificatesigningrequests +csr +certificates.k8s.io\/v1 +false +CertificateSigningRequest/);
    assert.match(await prints('explain csr.spec'), /signerName\s+<string>/);
    assert.match(await prints('version'), /Server Version: v\d+\.\d+/);
    assert.equal(await prints('get --raw /readyz'), 'ok');
  });

  it('says who is not known', async () => {
    await writeFile(join(dir, 'stranger'), sandbox.kubeconfig({ token: 'nonsense' }));
    const { code, stderr } = await kubectl(join(dir, 'stranger'), ['--cache-dir', join(dir, 'other'), 'get', 'csr']);
    assert.notEqual(code, 0);
    assert.match(stderr, /Unauthorized|must be logged in|provide credentials/);
  });
});
