import { boolean, namedBits, objectIdentifier, sequence } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import { ANY_EXTENDED_KEY_USAGE, CERT_SIGN } from '../../../src/core/usage.ts';
import { csrPem, spiffe } from '../../support/requests.ts';
import type { Attack, AttackClass } from './attack.ts';
import { SMALL_RSA, stolenKey } from './keys.ts';
import { byRequest, USAGES } from './request.ts';

const SA = 'system:serviceaccount:';
const NAME = 'URI:spiffe://cluster.local/ns/foo/sa/app';
const ASK = { as: `${SA}foo:app`, signer: 'foo' } as const;
const SHAPE = { names: [spiffe('foo')] };

type Smuggled = Pick<Attack, 'title' | 'stoppedBy' | 'cause'>;

/** An extension beside the account's own SPIFFE ID. */
function byExtension({ oid, value, ...attack }: Smuggled & { readonly oid: string; readonly value: Uint8Array }): Attack {
  return byRequest({ ...attack, by: 'service account', ask: { ...ASK, shape: { ...SHAPE, extensions: [{ oid, critical: false, value }] } }, twin: { title: 'no extension beside the name', ask: { shape: { extensions: [] } }, name: NAME } });
}

function byUsages({ usages, ...attack }: Smuggled & { readonly usages: readonly string[] }): Attack {
  return byRequest({ ...attack, by: 'service account', ask: { ...ASK, shape: SHAPE, usages }, twin: { title: 'the usages of a workload', ask: { usages: USAGES }, name: NAME } });
}

function byPem({ pem, ...attack }: Smuggled & { readonly pem: string }): Attack {
  return byRequest({ ...attack, by: 'service account', ask: { ...ASK, pem }, twin: { title: 'the request as it should be', ask: { pem: GOOD }, name: NAME } });
}

const GOOD = csrPem(SHAPE);

export const powers: AttackClass = {
  title: "More than a name: a CA's rights, usages, constraints, keys",
  attacks: [
    byExtension({ title: 'CA:TRUE in the request', oid: OID.basicConstraints, value: sequence(boolean(true)), stoppedBy: { signet: { rules: ['not-a-ca'] } }, cause: /found CA:TRUE/ }),
    byExtension({ title: 'cert sign in the key usage of the request', oid: OID.keyUsage, value: namedBits([0, CERT_SIGN]), stoppedBy: { signet: { rules: ['usages-agree'] } }, cause: /keyUsage: found cert sign/ }),
    byExtension({ title: 'any extended usage in the request', oid: OID.extKeyUsage, value: sequence(objectIdentifier(ANY_EXTENDED_KEY_USAGE)), stoppedBy: { signet: { rules: ['usages-agree'] } }, cause: /extKeyUsage: found any/ }),
    byExtension({ title: 'OCSP signing in the request', oid: OID.extKeyUsage, value: sequence(objectIdentifier('1.3.6.1.5.5.7.3.9')), stoppedBy: { signet: { rules: ['usages-agree'] } }, cause: /extKeyUsage: found ocsp signing/ }),
    byExtension({ title: 'an extended usage that Kubernetes has no word for (smart card logon)', oid: OID.extKeyUsage, value: sequence(objectIdentifier('1.3.6.1.4.1.311.20.2.2')), stoppedBy: { signet: { rules: ['usages-agree'] } }, cause: /extKeyUsage: found 1\.3\.6\.1\.4\.1\.311\.20\.2\.2/ }),
    byExtension({ title: 'name constraints', oid: OID.nameConstraints, value: sequence(), stoppedBy: { signet: { rules: ['known-extensions'] } }, cause: /extension 2\.5\.29\.30/ }),
    byExtension({ title: 'certificate policies', oid: '2.5.29.32', value: sequence(sequence(objectIdentifier('2.5.29.32.0'))), stoppedBy: { signet: { rules: ['known-extensions'] } }, cause: /extension 2\.5\.29\.32/ }),

    byUsages({ title: 'cert sign in spec.usages', usages: [...USAGES, 'cert sign'], stoppedBy: { signet: { rules: ['usages'] } }, cause: /spec\.usages: found "cert sign"/ }),
    byUsages({ title: 'any in spec.usages', usages: [...USAGES, 'any'], stoppedBy: { signet: { rules: ['usages'] } }, cause: /spec\.usages: found "any"/ }),
    byUsages({ title: 'OCSP signing in spec.usages', usages: [...USAGES, 'ocsp signing'], stoppedBy: { signet: { rules: ['usages'] } }, cause: /spec\.usages: found "ocsp signing"/ }),
    byUsages({ title: 'code signing in spec.usages', usages: [...USAGES, 'code signing'], stoppedBy: { signet: { rules: ['usages'] } }, cause: /spec\.usages: found "code signing"/ }),
    byUsages({ title: 'no extended usage, which is good for every one of them', usages: ['digital signature'], stoppedBy: { signet: { rules: ['some-extended-usage'] } }, cause: /an extended usage too/ }),
    byUsages({ title: 'no key usage that the key can have, which leaves it good for each', usages: ['key encipherment', 'server auth'], stoppedBy: { signet: { rules: ['usages-fit-key'] } }, cause: /with a P-256 key/ }),
    byUsages({ title: 'a usage twice', usages: ['digital signature', 'client auth', 'client auth'], stoppedBy: 'API server', cause: /spec\.usages\[2\]: Duplicate value/ }),

    byRequest({
      title: 'an annotation that asks for a CA, as cert-manager reads it',
      by: 'service account',
      stoppedBy: { signet: { rules: ['known-annotations'] } },
      cause: /annotation "experimental\.cert-manager\.io\/request-is-ca": found "true"/,
      ask: { ...ASK, shape: SHAPE, annotations: { 'experimental.cert-manager.io/request-is-ca': 'true' } },
      twin: { title: 'one that asks for none', ask: { annotations: { 'experimental.cert-manager.io/request-is-ca': 'false' } }, name: NAME },
    }),
    byRequest({
      title: 'a kind of key that the signer does not take',
      by: 'service account',
      stoppedBy: { signet: { rules: ['key'] } },
      cause: /publicKey: found P-384, allowed P-256/,
      ask: { as: `${SA}payments:web-1`, signer: 'payments', shape: { names: [spiffe('payments', 'web-1')], key: 'P-384' } },
      twin: { title: 'one that it takes', ask: { shape: { key: 'P-256' } }, name: 'URI:spiffe://cluster.local/ns/payments/sa/web-1' },
    }),
    byRequest({
      title: 'an RSA key of 1024 bits',
      by: 'service account',
      stoppedBy: { signet: { unreadable: 'spec.request.publicKey' } },
      cause: /publicKey: found .*1024/,
      ask: { ...ASK, shape: { ...SHAPE, key: SMALL_RSA } },
      twin: { title: 'of 2048', ask: { shape: { key: 'RSA-2048' } }, name: NAME },
    }),
    byRequest({
      title: "somebody else's public key",
      by: 'service account',
      stoppedBy: 'API server',
      cause: /x509: ECDSA verification failure/,
      ask: { ...ASK, shape: { ...SHAPE, key: stolenKey() } },
      twin: { title: 'its own', ask: { shape: { key: 'P-256' } }, name: NAME },
    }),
    byPem({ title: 'a signature with a bit changed', pem: damaged(GOOD), stoppedBy: 'API server', cause: /x509: ECDSA verification failure/ }),
    byPem({ title: 'two requests in one, the second for bar', pem: GOOD + csrPem({ names: [spiffe('bar')] }), stoppedBy: { signet: { unreadable: 'spec.request' } }, cause: /2 PEM blocks/ }),
    byPem({ title: 'headers inside the PEM block', pem: GOOD.replace('REQUEST-----\n', 'REQUEST-----\nProc-Type: 4,ENCRYPTED\n\n'), stoppedBy: { signet: { unreadable: 'spec.request' } }, cause: /PEM headers/ }),
    byPem({ title: 'words around the PEM block', pem: `for bar\n${GOOD}`, stoppedBy: { signet: { unreadable: 'spec.request' } }, cause: /text before the PEM block/ }),
  ],
};

/** The last octet but one of the signature, in base64 still. */
function damaged(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
  const at = der.length - 2;
  der[at] = (der[at] ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}
