import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../controlplane/build.ts';
import { clientConfig, type Listener, sdsSecrets, serverConfig } from './envoy-config.ts';
import { freePorts } from './ports.ts';
import { type RigProcess, startProcess } from './process.ts';
import { until } from './until.ts';

/** Where an identity is kept fresh, as an Agent says it; `dir` is watched for renames. */
export interface Identity {
  readonly dir: string;
  readonly key: string;
  readonly certChain: string;
  readonly rootCert: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A real Envoy with one listener on 127.0.0.1. */
export interface Envoy extends AsyncDisposable {
  readonly process: RigProcess;
  readonly port: number;
  readonly adminPort: number;
  /**
   * The sum of all counters whose names end so. `ssl.handshake` counts handshakes that succeeded, and
   * `ssl.fail_verify_error` those in which this Envoy did not accept the other's certificate.
   */
  stat(suffix: string): Promise<number>;
  stats(): Promise<ReadonlyMap<string, number>>;
  /** Serial numbers of the leaves that it presents now, hexadecimal in lower case. */
  presented(): Promise<string[]>;
  stop(): Promise<void>;
}

/** A caller's Envoy. Each request makes a connection and a full handshake of its own. */
export interface ClientEnvoy extends Envoy {
  /** Asks the other side for a path. A failed handshake is an answer 503 that says why. */
  get(path?: string): Promise<Answer>;
}

/** A listener that demands a client certificate under the identity's root and passes on to the app. */
export async function startServerEnvoy({ identity, appPort }: { identity: Identity; appPort: number }): Promise<Envoy> {
  return startEnvoy('server', identity, (listener) => serverConfig({ ...listener, appPort }));
}

export interface ClientEnvoyOptions {
  readonly identity: Identity;
  readonly server: { readonly port: number };
  /**
   * Take any server's certificate, as an attacker would. Otherwise a caller of another root ends the handshake
   * itself, and what the server thinks of the caller's certificate is never seen.
   */
  readonly trustsAnyone?: boolean;
}

/** A plain listener in front of mutual TLS to a server's Envoy. */
export async function startClientEnvoy({ identity, server, trustsAnyone = false }: ClientEnvoyOptions): Promise<ClientEnvoy> {
  const configure: Configure = (listener) => clientConfig({ ...listener, serverPort: server.port, trustsAnyone });
  const envoy = await startEnvoy('client', identity, configure);
  const get = async (path = '/html') => {
    const response = await fetch(`http://127.0.0.1:${envoy.port}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return { ...envoy, get };
}

type Configure = (listener: Listener) => unknown;

async function startEnvoy(role: string, identity: Identity, configure: Configure): Promise<Envoy> {
  const { envoy: program } = await locate({ only: ['envoy'] });
  const dir = await mkdtemp(join(identity.dir, '..', `envoy-${role}-`));
  const [port, adminPort] = (await freePorts(2)) as [number, number];
  for (const [name, secret] of Object.entries(sdsSecrets(identity))) await writeFile(join(dir, `${name}.json`), JSON.stringify(secret));
  const config = join(dir, 'envoy.json');
  await writeFile(config, JSON.stringify(configure({ port, adminPort, sds: dir }), null, 2));
  const process = await startProcess({
    name: `${role}'s Envoy`,
    command: program.path,
    // No shared memory: any number of Envoys run at once.
    args: ['--config-path', config, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'],
    log: join(dir, 'envoy.log'),
  });
  const admin = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    if (!response.ok) throw new Error(`${process.name} answered ${response.status} to ${path}`);
    return response.text();
  };
  const stats = async () => {
    const lines = (await admin('/stats?type=Counters')).trim().split('\n');
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(': ')), Number(line.slice(line.lastIndexOf(': ') + 2))]));
  };
  const presented = async () => {
    const { certificates } = JSON.parse(await admin('/certs')) as { certificates: { cert_chain?: { serial_number: string }[] }[] };
    return certificates.flatMap(({ cert_chain: [leaf] = [] }) => (leaf === undefined ? [] : [leaf.serial_number]));
  };
  // It says LIVE before it has read its secrets.
  const ready = async () => (await admin('/ready')).startsWith('LIVE') && (await presented()).length > 0;
  await until(ready, { what: `${process.name} to be ready`, process });
  return {
    process,
    port,
    adminPort,
    stats,
    stat: async (suffix) => {
      let sum = 0;
      for (const [name, value] of await stats()) if (name.endsWith(suffix)) sum += value;
      return sum;
    },
    presented,
    stop: async () => {
      await process.stop();
    },
    [Symbol.asyncDispose]: async () => {
      await process.kill();
    },
  };
}
