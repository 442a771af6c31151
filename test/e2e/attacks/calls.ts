import { boolean, element, sequence } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import { commonName, csrPem, dns, otherName, spiffe } from '../../support/requests.ts';
import type { AttackClass } from './attack.ts';
import { SMALL_RSA, stolenKey } from './keys.ts';
import { byCall, idOf, own } from './through-istiod.ts';

const NAMESPACE = { signet: { rules: ['namespace'] } } as const;
/** istiod's one answer to every request that it does not take: what is wrong with it is only what its twin has not. */
const NOT_TAKEN = /unable to validate SAN Identities in CSR/;

/** By gRPC, with the token that is mounted into each pod: no agent is in between. */
export const calls: AttackClass = {
  title: "Calls to istiod's CA port with a pod's own token",
  attacks: [
    byCall({
      title: 'a process of bar names foo as its `CertSigner`',
      by: 'pod',
      stoppedBy: NAMESPACE,
      cause: /namespace: found "bar"/,
      call: { account: 'bar/call-tenant', certSigner: 'foo' },
      twin: { title: 'names bar', call: { certSigner: 'bar' }, signer: 'bar' },
    }),
    byCall({
      title: "a process of foo names the mesh's own signer",
      by: 'pod',
      stoppedBy: NAMESPACE,
      cause: /namespace: found "foo"/,
      call: { account: 'foo/call-mesh', certSigner: 'istio-system' },
      twin: { title: 'names foo', call: { certSigner: 'foo' }, signer: 'foo' },
    }),
    byCall({
      title: 'a process of bar names no signer at all',
      by: 'pod',
      stoppedBy: 'API server',
      cause: /spec\.signerName: Required value/,
      call: { account: 'bar/call-none' },
      twin: { title: 'names bar', call: { certSigner: 'bar' }, signer: 'bar' },
    }),
    byCall({
      title: 'a process of bar names a signer that istiod may not approve for',
      by: 'pod',
      stoppedBy: 'API server',
      cause: /user not permitted to approve requests with signerName/,
      call: { account: 'bar/call-unlisted', certSigner: 'registry' },
      twin: { title: 'names bar', call: { certSigner: 'bar' }, signer: 'bar' },
    }),
    byCall({
      title: 'a process of bar asks for the SPIFFE ID of an account of foo',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-other', certSigner: 'bar', shape: { names: [spiffe('foo')] } },
      twin: { title: 'for its own', call: { shape: { names: [own('bar/call-other')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'a process of bar asks on behalf of an account of foo',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: /request impersonation authentication failure/,
      call: { account: 'bar/call-behalf', certSigner: 'bar', impersonate: idOf('foo/app') },
      twin: { title: 'on behalf of nobody', call: { impersonate: '' }, signer: 'bar' },
    }),
    byCall({
      title: 'its own account in another trust domain',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-domain', certSigner: 'bar', shape: { names: [spiffe('bar', 'call-domain', 'partner.example')] } },
      twin: { title: "in the mesh's own", call: { shape: { names: [own('bar/call-domain')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'a DNS name beside its own SPIFFE ID',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-dns', certSigner: 'bar', shape: { names: [own('bar/call-dns'), dns('httpbin.foo.svc')] } },
      twin: { title: 'the SPIFFE ID alone', call: { shape: { names: [own('bar/call-dns')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'its own SPIFFE ID and a second one',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-two', certSigner: 'bar', shape: { names: [own('bar/call-two'), spiffe('foo')] } },
      twin: { title: 'its own alone', call: { shape: { names: [own('bar/call-two')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'its own SPIFFE ID in a name of a form that no standard knows',
      by: 'pod',
      stoppedBy: { signet: { unreadable: 'spec.request.subjectAltName' } },
      cause: /a name of an unknown form/,
      call: { account: 'bar/call-form', certSigner: 'bar', shape: { names: [{ type: 'unsupported', form: '[9]', der: element(0x89, Buffer.from(idOf('bar/call-form'))) }] } },
      twin: { title: 'as a URI', call: { shape: { names: [own('bar/call-form')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'an otherName beside its own SPIFFE ID',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-upn', certSigner: 'bar', shape: { names: [own('bar/call-upn'), otherName(idOf('foo/app'))] } },
      twin: { title: 'the SPIFFE ID alone', call: { shape: { names: [own('bar/call-upn')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'a common name that spells an account of foo',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-cn', certSigner: 'bar', shape: { names: [own('bar/call-cn')], subject: commonName(idOf('foo/app')) } },
      twin: { title: 'no common name', call: { shape: { names: [own('bar/call-cn')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'a request to be a CA',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-ca', certSigner: 'bar', shape: { names: [own('bar/call-ca')], extensions: [{ oid: OID.basicConstraints, critical: true, value: sequence(boolean(true)) }] } },
      twin: { title: 'no extension beside the name', call: { shape: { names: [own('bar/call-ca')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'an RSA key of 1024 bits, which istiod and the API server take',
      by: 'pod',
      stoppedBy: { signet: { unreadable: 'spec.request.publicKey' } },
      cause: /publicKey: found .*1024/,
      call: { account: 'bar/call-key', certSigner: 'bar', shape: { names: [own('bar/call-key')], key: SMALL_RSA } },
      twin: { title: 'a P-256 key', call: { shape: { names: [own('bar/call-key')] } }, signer: 'bar' },
    }),
    byCall({
      title: "somebody else's public key",
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-stolen', certSigner: 'bar', shape: { names: [own('bar/call-stolen')], key: stolenKey() } },
      twin: { title: 'its own', call: { shape: { names: [own('bar/call-stolen')] } }, signer: 'bar' },
    }),
    byCall({
      title: 'garbage for a request',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: NOT_TAKEN,
      call: { account: 'bar/call-garbage', certSigner: 'bar', pem: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n' },
      twin: { title: 'a request', call: { pem: csrPem({ names: [own('bar/call-garbage')] }) }, signer: 'bar' },
    }),
    byCall({
      title: 'a certificate for ten years',
      by: 'pod',
      stoppedBy: 'istiod',
      cause: /requested TTL .* is greater than the max allowed TTL/,
      call: { account: 'bar/call-years', certSigner: 'bar', seconds: 315_360_000 },
      twin: { title: 'for a day', call: { seconds: 86_400 }, signer: 'bar' },
    }),
  ],
};
