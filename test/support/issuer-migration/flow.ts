import { setInterval } from 'node:timers/promises';
import { dns, csrPem } from '../requests.ts';
import { testKey } from '../keys.ts';
import { apiClient, type Api } from '../rig/api.ts';
import type { ControlPlane } from '../rig/apiserver.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** How often it is looked whether another request is due. */
const TICK_MS = 10;

export type Made = { readonly name: string; readonly signer: string; readonly phase: string; /** Which the certificate has to be for. */ readonly dnsName: string };

/** Requests at a steady rate, whatever becomes of them: made by one service account, approved by another. */
export interface Flow extends AsyncDisposable {
  readonly made: readonly Made[];
  /** What went wrong with making or approving; empty: nothing. */
  readonly troubles: readonly string[];
  /** From now on they are of this phase. */
  begin(phase: string): void;
  /** One more, which is approved only later, by what this resolves with. */
  hold(signer: string): Promise<{ readonly made: Made; readonly approve: () => Promise<void> }>;
  /** Makes no more; resolves when all are approved. */
  end(): Promise<void>;
}

export type FlowOptions = {
  readonly controlPlane: ControlPlane;
  readonly requester: string;
  readonly approver: string;
  /** Asked for in turn. */
  readonly signers: readonly string[];
  readonly perSecond: number;
  readonly phase: string;
};

/** Begins at once. `requester` and `approver` are service accounts with their rights, `namespace/name`. */
export async function startFlow({ controlPlane, requester, approver, signers, perSecond, phase: first }: FlowOptions): Promise<Flow> {
  const client = async (account: string): Promise<Api> => {
    const [namespace = '', name = ''] = account.split('/');
    return apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: await controlPlane.serviceAccountToken(namespace, name) });
  };
  const [asking, approving] = [await client(requester), await client(approver)];
  // One key for all: making keys is not what is looked at.
  const key = testKey('P-256');
  const made: Made[] = [];
  const troubles: string[] = [];
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  let phase = first;
  let count = 0;

  async function ask(signer: string, of: string): Promise<{ made: Made; approve: () => Promise<void> }> {
    count += 1;
    const dnsName = `r-${count}.example`;
    const spec = { signerName: signer, usages: ['digital signature', 'server auth'], request: Buffer.from(csrPem({ key, names: [dns(dnsName)] })).toString('base64') };
    const csr = await asking.create({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: `migration-${count}` }, spec });
    const approve = async (): Promise<void> => {
      await approving.call('PUT', `${CSRS}/${csr.metadata.name}/approval`, { ...csr, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Reviewed', message: 'by the approver' }] } });
    };
    return { made: { name: csr.metadata.name ?? '', signer, phase: of, dnsName }, approve };
  }

  async function one(signer: string, of: string): Promise<void> {
    try {
      const asked = await ask(signer, of);
      await asked.approve();
      made.push(asked.made);
    } catch (error) {
      troubles.push(String(error));
    }
  }

  async function run(): Promise<void> {
    const started = performance.now();
    let begun = 0;
    for await (const each of setInterval(TICK_MS, signers, { signal: stop.signal })) {
      for (; begun < ((performance.now() - started) / 1000) * perSecond; begun += 1) {
        const request = one(each[begun % each.length] ?? '', phase).finally(() => underWay.delete(request));
        underWay.add(request);
      }
    }
  }

  const running = run().catch((error: unknown) => {
    if (!stop.signal.aborted) troubles.push(String(error));
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    await Promise.all(underWay);
  };
  return {
    made,
    troubles,
    begin: (next) => {
      phase = next;
    },
    hold: async (signer) => ask(signer, phase),
    end,
    [Symbol.asyncDispose]: async () => {
      await end();
      asking.close();
      approving.close();
    },
  };
}
