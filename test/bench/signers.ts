import { chainPem, issue, secretFiles, testRoot } from '../support/authority.ts';
import { tlsSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import type { KeyKind } from '../support/keys.ts';
import { plan } from '../support/plans.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import type { KubernetesObject } from '../support/rig/api.ts';
import type { BenchSigner } from './contender.ts';

const DOMAIN = 'clusterissuers.cert-manager.io';
/** What Istio's agents make unless they are told otherwise (istio: pkg/security, WorkloadRSAKeySize; ECC_SIGNATURE_ALGORITHM). */
const LEAF_KEY: KeyKind = 'RSA-2048';

/** `count` tenants named `prefix-0` and on, each with a signer and a CA of its own. The same arguments give the same CAs within a process. */
export function benchSigners({ count, prefix = 'tenant', key = 'P-256', domain = DOMAIN }: { count: number; prefix?: string; key?: KeyKind; domain?: string }): BenchSigner[] {
  return Array.from({ length: count }, (_, index) => benchSigner(`${prefix}-${index}`, key, domain));
}

/** Where Signet finds its CA: Secret `cert-manager/TENANT`. */
export function signerSecret({ tenant, certificatePem, keyPem }: BenchSigner): KubernetesObject {
  return tlsSecret({ namespace: 'cert-manager', name: tenant }, { 'tls.crt': certificatePem, 'tls.key': keyPem, 'ca.crt': certificatePem });
}

function benchSigner(tenant: string, key: KeyKind, domain: string): BenchSigner {
  const known = made.get(`${domain}/${tenant}`);
  if (known !== undefined) return known;
  const authority = testRoot({ name: tenant, key, ...validNow() });
  const files = secretFiles(authority);
  const names = [spiffe(tenant)];
  const [leaf] = issue(plan(authority, { key: LEAF_KEY, names, now: new Date() }), authority);
  if (leaf === undefined) throw new Error('an issued chain begins with the leaf');
  const signer = { name: `${domain}/${tenant}`, tenant, certificatePem: files['tls.crt'].toString(), keyPem: files['tls.key'].toString(), leafPem: chainPem([leaf]), requestPem: csrPem({ key: LEAF_KEY, names }) };
  made.set(signer.name, signer);
  return signer;
}

const made = new Map<string, BenchSigner>();
