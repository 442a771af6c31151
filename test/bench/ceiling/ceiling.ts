// What the API server allows: watches CertificateSigningRequests and writes one and the same certificate to each that is approved. No key,
// no cryptography, no policy, nothing kept, nothing logged. A signer can come close to its speed and does more work for each certificate.
//   node ceiling.cjs KUBECONFIG.json CERTIFICATES.json     (the second maps each signer's name to the PEM that it hands out)
import { readFileSync } from 'node:fs';
import { Agent } from 'undici';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Enough that the API server always has one to work on, and few enough that they do not queue in it. */
const WRITES_IN_FLIGHT = 16;

type Request = { readonly metadata: { readonly name: string; readonly resourceVersion: string }; readonly spec: { readonly signerName: string }; readonly status: { readonly conditions: readonly object[] } };

const [kubeconfig = '', certificates = ''] = process.argv.slice(2);
const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as { clusters: [{ cluster: { 'server': string; 'certificate-authority-data': string } }]; users: [{ user: { token: string } }] };
const constant = new Map(Object.entries(JSON.parse(readFileSync(certificates, 'utf8')) as Record<string, string>).map(([signer, pem]) => [signer, Buffer.from(pem).toString('base64')]));
const origin = clusters[0].cluster.server;
const connect = { ca: Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64') };
const headers = { 'authorization': `Bearer ${users[0].user.token}`, 'accept': 'application/json', 'content-type': 'application/json' };
const calls = new Agent({ connect, connections: WRITES_IN_FLIGHT });
const watches = new Agent({ connect, bodyTimeout: 0 });
const waiting: Request[] = [];
let writing = 0;

process.once('SIGTERM', () => process.exit(0));
for (;;) await watch();

/** All objects there are and every change to one, until the API server ends the watch; each line is one event. */
async function watch(): Promise<void> {
  const query = '?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const { statusCode, body } = await watches.request({ origin, path: PATH + query, method: 'GET', headers });
  if (statusCode !== 200) throw new Error(`the watch was answered with ${statusCode}: ${await body.text()}`);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      look(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
}

/** Parses only what is to be done: approved, and without a certificate. */
function look(line: Buffer): void {
  if (!line.includes('"type":"Approved"') || line.includes('"certificate":"') || line.includes('{"type":"DELETED"')) return;
  const { object } = JSON.parse(line.toString()) as { object: Request };
  if (!constant.has(object.spec.signerName)) return;
  waiting.push(object);
  if (writing < WRITES_IN_FLIGHT) void write();
}

/** Writes until nothing waits. By PUT, as that needs no merge: all but the conditions and the certificate the API server takes from what it has. */
async function write(): Promise<void> {
  writing += 1;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { metadata: { name, resourceVersion }, spec: { signerName }, status: { conditions } } = next;
    const object = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name, resourceVersion }, status: { conditions, certificate: constant.get(signerName) } };
    const { statusCode, body } = await calls.request({ origin, path: `${PATH}/${name}/status`, method: 'PUT', headers, body: JSON.stringify(object) });
    if (statusCode < 300 || statusCode === 404 || statusCode === 409) await body.dump();
    else throw new Error(`the write was answered with ${statusCode}: ${await body.text()}`);
  }
  writing -= 1;
}
