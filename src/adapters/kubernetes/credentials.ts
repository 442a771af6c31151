import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Log } from '../../control/ports.ts';
import { ApiFailure } from './api-failure.ts';
import { oneLine } from './one-line.ts';

/** What a request to the API server is authenticated with. Secret: never logged. */
export type Credentials = {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** SHA-256 of the TLS material: connections are made anew only when it changes. */
  readonly fingerprint: string;
};

export type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

export type CredentialSource = {
  /** Those in use, at most `lifetime` old. Throws ApiFailure (status 0) when there never were any. */
  current(): Promise<Credentials>;
  /** Newer ones than `rejected`, made from files and plugins read again; the same when nothing newer is to be had. */
  renew(rejected: Credentials): Promise<Credentials>;
};

const RENEWAL_INTERVAL_MS = 1_000;

/**
 * Credentials out of a kubeconfig: certificates, tokens, token files and exec plugins, kept for `lifetime` milliseconds.
 * `load` reads the kubeconfig from scratch, which also empties the caches that client-node keeps of token files (60 s)
 * and of plugins' answers (until they expire).
 */
export function credentialSource({ load, now, log, lifetime = 30_000 }: { load: () => KubeConfig; now: () => Date; log: Log; lifetime?: number }): CredentialSource {
  let config: KubeConfig | null = null;
  let cached: { credentials: Credentials; at: number } | null = null;
  let flight: Promise<Credentials> | null = null;
  let renewedAt = -Infinity;

  async function fetch(fromScratch: boolean): Promise<Credentials> {
    try {
      config = fromScratch || config === null ? load() : config;
      cached = { credentials: await readCredentials(config), at: now().getTime() };
    } catch (error) {
      const reason = oneLine(error instanceof Error ? error.message : String(error));
      if (cached === null) throw new ApiFailure(`cannot read the credentials of the kubeconfig: ${reason}`, { status: 0, reason: 'Credentials' });
      // A plugin or a file that fails for a moment must not end what the old token still opens.
      log.warn('the credentials of the kubeconfig could not be read again, going on with the old ones', { reason });
      cached = { credentials: cached.credentials, at: now().getTime() };
    }
    return cached.credentials;
  }

  function once(fromScratch: boolean): Promise<Credentials> {
    flight ??= fetch(fromScratch).finally(() => {
      flight = null;
    });
    return flight;
  }

  return {
    async current() {
      if (cached !== null && now().getTime() - cached.at < lifetime) return cached.credentials;
      return once(false);
    },
    async renew(rejected) {
      if (flight !== null) await flight;
      if (cached !== null && !isSame(cached.credentials, rejected)) return cached.credentials;
      // A user who has lost access for good must not make a plugin run at each call.
      if (now().getTime() - renewedAt < RENEWAL_INTERVAL_MS) return rejected;
      renewedAt = now().getTime();
      const renewed = await once(true);
      return isSame(renewed, rejected) ? rejected : renewed;
    },
  };
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers as Record<string, string>)) {
    // Token files end with a newline, which no header may hold.
    headers[name.toLowerCase()] = String(value).trim();
  }
  if (typeof options.auth === 'string') headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const tls: TlsMaterial = {};
  for (const key of ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const) {
    if (options[key] !== undefined && options[key] !== null) Object.assign(tls, { [key]: options[key] });
  }
  return { headers, tls, fingerprint: fingerprintOf(tls) };
}

function fingerprintOf(tls: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const value of [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized]) {
    hash.update(String(value ?? '')).update('\0');
  }
  return hash.digest('hex');
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a.fingerprint === b.fingerprint && a.headers['authorization'] === b.headers['authorization'];
}
