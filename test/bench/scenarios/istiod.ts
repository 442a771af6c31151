import { startIstiod, type Istiod } from '../../support/rig/istiod.ts';
import { caClient } from '../../support/rig/ca-client.ts';
import { percentile } from '../../support/quantiles.ts';
import { ISTIOD } from '../../support/requests.ts';
import { startSignet } from '../../support/signet.ts';
import { served, withRunning, type Bench } from '../bench.ts';
import type { BenchSigner, Contender } from '../contender.ts';
import type { Figures } from '../figures.ts';
import { clear } from '../load.ts';
import { startMeter } from '../meter.ts';
import type { Scenario } from '../scenario.ts';
import { benchSigners, signerSecret } from '../signers.ts';

const WORKLOADS = 200;
const DOMAIN = 'clusterissuers.cert-manager.io';
const OWN = benchSigners({ count: 1, prefix: 'istiod' });

/** (f) Workloads of all tenants start at once and ask a real istiod, whose own limit of calls is raised so that it is not what is measured. */
export const throughIstiod: Scenario = {
  id: 'f',
  title: 'workloads ask a real istiod at once',
  rounds: { full: 2, quick: 1 },
  inQuick: false,
  compare: ['signedPerSecond', 'p50'],
  without: ({ maxSigners }) => (maxSigners === 1 ? "its signer is not one of istiod's domain" : null),
  open: async (bench) => {
    const istiod = await startedIstiod(bench);
    const tokens = await tenantTokens(bench);
    return {
      run: (contender) => burstOn(bench, contender, istiod, tokens),
      [Symbol.asyncDispose]: () => istiod[Symbol.asyncDispose](),
    };
  },
};

/** An istiod that trusts the tenants' CAs. Its own certificate comes from a Signet that ends then: no contender is to have that work. */
async function startedIstiod({ controlPlane, signers }: Bench): Promise<Istiod> {
  const [own] = OWN;
  if (own === undefined) throw new Error('one signer was asked for');
  await controlPlane.namespaces('cert-manager');
  await controlPlane.api.apply(signerSecret(own));
  await using host = await startSignet({ controlPlane, config: ownConfiguration(own) });
  await host.ready();
  const istiod = await startIstiod({
    controlPlane,
    ownSigner: own.tenant,
    certSigners: [`${DOMAIN}/*`, 'flood.bench.example/*', 'kubernetes.io/*'],
    meshConfig: { caCertificates: [...signers, own].map(({ name, certificatePem }) => ({ pem: certificatePem, certSigners: [name] })) },
    args: ['--kubernetesApiQPS=2000', '--kubernetesApiBurst=4000'],
    env: { ISTIO_GPRC_MAXSTREAMS: '1000' },
    logLevel: 'default:warn',
  });
  try {
    await istiod.ready();
    return istiod;
  } catch (error) {
    await istiod[Symbol.asyncDispose]();
    throw error;
  }
}

function ownConfiguration({ name, tenant }: BenchSigner): string {
  return `
trustDomain: cluster.local
requesters:
  - user: ${ISTIOD}
    approves: true
    vouches: { namespaces: ["*"] }
signers:
  - name: ${name}
    ca: { secret: cert-manager/${tenant} }
    allow: [{ requesters: [${ISTIOD}], dnsNames: ["*.istio-system.svc"], ipAddresses: [127.0.0.0/8] }]
http: { address: "127.0.0.1:0" }
`;
}

/** A token of one service account in each tenant's namespace. */
async function tenantTokens({ controlPlane, signers }: Bench): Promise<Map<string, string>> {
  await controlPlane.namespaces(...signers.map(({ tenant }) => tenant));
  await controlPlane.serviceAccounts(...signers.map(({ tenant }) => `${tenant}/app`));
  const tokens = signers.map(async ({ tenant }) => [tenant, await controlPlane.serviceAccountToken(tenant, 'app', { audiences: ['istio-ca'] })] as const);
  return new Map(await Promise.all(tokens));
}

async function burstOn(bench: Bench, contender: Contender, istiod: Istiod, tokens: ReadonlyMap<string, string>): Promise<Record<string, Figures>> {
  const { observer } = bench;
  const prepared = await bench.prepare(contender, bench.signers);
  const signers = served(prepared, bench.signers);
  const rootCertPem = await istiod.rootCertPem('tenant-0');
  using client = caClient({ istiod, rootCertPem });
  const ask = async (index: number): Promise<number> => {
    const signer = signers[index % signers.length];
    if (signer === undefined) throw new Error('there are no signers to ask');
    const asked = performance.now();
    await client.createCertificate({ csr: signer.requestPem, certSigner: signer.tenant, token: tokens.get(signer.tenant) ?? '' });
    return performance.now() - asked;
  };
  const all = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
  return await withRunning(prepared, async (running) => {
    await all(20);
    await clear(bench);
    const meter = await startMeter(bench, running);
    const waited = await all(WORKLOADS);
    // istiod deletes a request as soon as it has its certificate; the watch saw both.
    await observer.waitFor(WORKLOADS);
    const { cpuMs, rssMb, peakMb } = await meter.read(running, WORKLOADS);
    const signed = [...observer.signed];
    const seconds = (Math.max(...observer.signed.values()) - Math.min(...observer.approved.values())) / 1000;
    const latency = signed.map(([name, at]) => at - (observer.approved.get(name) ?? NaN));
    await clear(bench);
    return {
      [WORKLOADS]: {
        signedPerSecond: WORKLOADS / seconds,
        p50: percentile(latency, 0.5),
        p90: percentile(latency, 0.9),
        p99: percentile(latency, 0.99),
        callerP50: percentile(waited, 0.5),
        callerP99: percentile(waited, 0.99),
        cpuMs,
        rssMb,
        peakMb,
      },
    };
  });
}
