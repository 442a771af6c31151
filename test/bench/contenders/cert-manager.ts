import { caIssuer, prepareCertManager, unreadyIssuers } from '../../support/rig/cert-manager.ts';
import { until } from '../../support/rig/until.ts';
import type { Contender } from '../contender.ts';
import { programOf } from './running.ts';

const DOMAIN = 'clusterissuers.cert-manager.io/';

/** The peer that serves the same signers: one ClusterIssuer for each. */
export const certManager: Contender = {
  name: 'cert-manager',
  about: "cert-manager's signer of CSRs for CA issuers, and what makes issuers Ready, with its defaults: 5 workers each, no limit of calls where the API server has its own",
  maxSigners: Infinity,
  // It signs for every ClusterIssuer there is: a second process would do the work of the first.
  separable: false,
  limited: false,
  prepare: async ({ controlPlane, signers, signal }) => {
    const { api } = controlPlane;
    const { version, start } = await prepareCertManager({ controlPlane });
    const tenants = signers.map(({ name }) => tenantOf(name));
    // A Secret beside the one that another contender may have for the same signer: its label is not to be lost.
    await api.apply(...signers.flatMap(({ name, certificatePem, keyPem }) => caIssuer({ name: tenantOf(name), secret: `${tenantOf(name)}-issuer`, certificatePem, keyPem })));
    // Its own controllers make them Ready, before it is timed: that is done once for an issuer, not at every start.
    if ((await unreadyIssuers(api, tenants)).length > 0) {
      const process = await start();
      const ready = async () => (await unreadyIssuers(api, tenants)).length === 0;
      await until(ready, { what: 'the ClusterIssuers to be Ready', seconds: 60, process, ...(signal && { signal }) }).finally(() => process.stop());
    }
    return { version, signers: signers.map(({ name }) => name), start: async () => programOf(await start()) };
  },
};

function tenantOf(signer: string): string {
  if (signer.startsWith(DOMAIN)) return signer.slice(DOMAIN.length);
  throw new Error(`cert-manager cannot serve ${signer}: the name has to begin with ${DOMAIN}`);
}
