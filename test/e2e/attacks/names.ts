import { element, explicit, namedBits, objectIdentifier, octetString, sequence, setOf, utf8String, type Der } from '../../../src/core/der-writer.ts';
import { encodeGeneralNames, type GeneralName } from '../../../src/core/general-name.ts';
import { OID } from '../../../src/core/oid.ts';
import { CERT_SIGN } from '../../../src/core/usage.ts';
import { commonName, dns, email, EMPTY_SUBJECT, ip, ISTIOD, otherName, spiffe, uri, subject } from '../../support/requests.ts';
import type { Attack, AttackClass, BySignet, StoppedBy } from './attack.ts';
import { byRequest } from './request.ts';

const APP = 'URI:spiffe://cluster.local/ns/foo/sa/app';
const SAN: BySignet = { unreadable: 'spec.request.subjectAltName' };
const ATTRIBUTES: BySignet = { unreadable: 'spec.request.extensionRequest' };

type Forgery = { readonly title: string; readonly names: readonly GeneralName[]; readonly stoppedBy: StoppedBy; readonly cause: RegExp };

/** What a compromised istiod, which may vouch for every namespace, asks foo's signer for; the twin is foo's account and nothing else. */
function workload({ names, ...attack }: Forgery): Attack {
  return byRequest({ ...attack, by: 'istiod', ask: { as: ISTIOD, signer: 'foo', shape: { names } }, twin: { title: 'the SPIFFE ID of an account of foo', ask: { shape: { names: [spiffe('foo')] } }, name: APP } });
}

/** The same at the signer of istiod's own names; the twin is one of those. */
function server({ names, ...attack }: Forgery): Attack {
  return byRequest({ ...attack, by: 'istiod', ask: { as: ISTIOD, signer: 'istio-system', shape: { names } }, twin: { title: "istiod's own name alone", ask: { shape: { names: [dns('istiod.istio-system.svc')] } }, name: 'DNS:istiod.istio-system.svc' } });
}

/** A URI that is not a workload's in the one strict form: nobody can vouch for what another reader might take for an identity. */
function lookalike(title: string, value: string): Attack {
  return workload({ title: `${title}: \`${value}\``, names: [uri(value)], stoppedBy: { signet: { rules: ['names-allowed', 'credible'] } }, cause: /found "URI:.*", allowed a name that signer/ });
}

const EVERY_FORM: readonly (readonly [string, GeneralName])[] = [
  ['an e-mail address', email('app@foo.svc')],
  ['an otherName that spells a SPIFFE ID', otherName('spiffe://cluster.local/ns/bar/sa/app')],
  ['a directoryName', { type: 'unsupported', form: 'directoryName', der: explicit(4, commonName('bar')) }],
  ['a registeredID', { type: 'unsupported', form: 'registeredID', der: element(0x88, Uint8Array.of(0x2a, 0x03)) }],
];

export const names: AttackClass = {
  title: 'Forged names, by an istiod that is in the hands of the attacker',
  attacks: [
    workload({ title: 'the SPIFFE ID of an account of bar', names: [spiffe('bar')], stoppedBy: { signet: { rules: ['namespace'] } }, cause: /namespace: found "bar"/ }),
    workload({ title: 'a second SPIFFE ID, of bar', names: [spiffe('foo'), spiffe('bar')], stoppedBy: { signet: { rules: ['one-workload-name', 'namespace'] } }, cause: /2 names, a workload identity among them/ }),
    workload({ title: 'a second SPIFFE ID, of foo', names: [spiffe('foo'), spiffe('foo', 'other')], stoppedBy: { signet: { rules: ['one-workload-name'] } }, cause: /2 names, a workload identity among them/ }),
    workload({ title: 'a DNS name beside the SPIFFE ID', names: [spiffe('foo'), dns('httpbin.bar.svc')], stoppedBy: { signet: { rules: ['names-allowed', 'one-workload-name'] } }, cause: /DNS:httpbin\.bar\.svc/ }),
    workload({ title: 'an IP address beside the SPIFFE ID', names: [spiffe('foo'), ip('10.0.0.1')], stoppedBy: { signet: { rules: ['names-allowed', 'one-workload-name'] } }, cause: /IP:10\.0\.0\.1/ }),
    ...EVERY_FORM.map(([what, name]) => workload({ title: `${what} beside the SPIFFE ID`, names: [spiffe('foo'), name], stoppedBy: { signet: { rules: ['known-name-forms', 'one-workload-name'] } }, cause: /allowed URI, DNS name or IP address/ })),
    server({ title: "an otherName beside istiod's own DNS name", names: [dns('istiod.istio-system.svc'), otherName('spiffe://cluster.local/ns/foo/sa/app')], stoppedBy: { signet: { rules: ['known-name-forms'] } }, cause: /otherName 1\.3\.6\.1\.4\.1\.311\.20\.2\.3/ }),

    ...['foo-bar', 'fo', 'foofoo'].map((namespace) => workload({ title: `a namespace that looks like foo: \`${namespace}\``, names: [spiffe(namespace)], stoppedBy: { signet: { rules: ['namespace'] } }, cause: new RegExp(`namespace: found "${namespace}"`) })),
    lookalike('a namespace in upper case', 'spiffe://cluster.local/ns/Foo/sa/app'),
    lookalike('a namespace with a dot', 'spiffe://cluster.local/ns/foo./sa/app'),
    lookalike('a path that goes up', 'spiffe://cluster.local/ns/foo/../bar/sa/app'),
    lookalike('a namespace in percent-encoding', 'spiffe://cluster.local/ns/%66oo/sa/app'),
    lookalike('a slash in percent-encoding', 'spiffe://cluster.local/ns/foo%2fsa%2fapp/sa/app'),
    lookalike('an empty segment', 'spiffe://cluster.local//ns/foo/sa/app'),
    lookalike('a slash at the end', 'spiffe://cluster.local/ns/foo/sa/app/'),
    lookalike('a scheme in upper case', 'SPIFFE://cluster.local/ns/foo/sa/app'),
    lookalike('a trust domain in upper case', 'spiffe://CLUSTER.LOCAL/ns/foo/sa/app'),
    workload({ title: 'a trust domain with a dot at its end', names: [spiffe('foo', 'app', 'cluster.local.')], stoppedBy: 'API server', cause: /x509: cannot parse URI .*invalid domain/ }),
    workload({ title: 'a trust domain that begins as ours', names: [spiffe('foo', 'app', 'cluster.local.example')], stoppedBy: { signet: { rules: ['trust-domain', 'credible'] } }, cause: /trust domain: found "cluster\.local\.example"/ }),
    lookalike('a port', 'spiffe://cluster.local:443/ns/foo/sa/app'),
    lookalike('a user', 'spiffe://bar@cluster.local/ns/foo/sa/app'),
    lookalike('a query', 'spiffe://cluster.local/ns/foo/sa/app?ns=bar'),
    lookalike('a fragment', 'spiffe://cluster.local/ns/foo/sa/app#bar'),

    workload({ title: 'a NUL in a URI', names: [uri('spiffe://cluster.local/ns/foo/sa/app\0/bar')], stoppedBy: 'API server', cause: /x509: cannot parse URI .*invalid control character in URL/ }),
    server({ title: 'a NUL in a DNS name', names: [dns('istiod.istio-system.svc\0.bar.svc')], stoppedBy: { signet: SAN }, cause: /the DNS name "istiod\.istio-system\.svc\\u\{0\}\.bar\.svc"/ }),
    workload({ title: 'a URI that is not ASCII', names: [uri('spiffe://cluster.local/ns/f\u00f6o/sa/app')], stoppedBy: 'API server', cause: /x509: SAN uniformResourceIdentifier is malformed/ }),
    server({ title: 'a DNS name that is not ASCII', names: [dns('istiod.istio-system.sv\u00e7')], stoppedBy: 'API server', cause: /x509: SAN dNSName is malformed/ }),
    server({ title: 'an address spelled as a DNS name', names: [dns('127.0.0.1')], stoppedBy: { signet: SAN }, cause: /which reads as an address/ }),
    server({ title: 'an IPv4 address mapped into IPv6', names: [{ type: 'unsupported', form: 'mapped', der: element(0x87, Buffer.from('00000000000000000000ffff7f000001', 'hex')) }], stoppedBy: { signet: SAN }, cause: /mapped into IPv6/ }),
    server({ title: 'an address that the signer does not give', names: [ip('10.0.0.1')], stoppedBy: { signet: { rules: ['names-allowed'] } }, cause: /IP:10\.0\.0\.1/ }),
    server({ title: 'a wildcard that is wider than what the configuration writes', names: [dns('*.svc')], stoppedBy: { signet: { rules: ['names-allowed'] } }, cause: /DNS:\*\.svc/ }),
    server({ title: 'a wildcard in the place of a name of two labels', names: [dns('*.istiod.istio-system.svc')], stoppedBy: { signet: { rules: ['names-allowed'] } }, cause: /DNS:\*\.istiod\.istio-system\.svc/ }),
    server({ title: 'the DNS name of a service of a tenant', names: [dns('httpbin.foo.svc')], stoppedBy: { signet: { rules: ['names-allowed'] } }, cause: /DNS:httpbin\.foo\.svc/ }),
    server({ title: 'one DNS name in two spellings', names: [dns('istiod.istio-system.svc'), dns('ISTIOD.istio-system.svc')], stoppedBy: { signet: { rules: ['distinct-names'] } }, cause: /more than once/ }),
    server({ title: 'a hundred and one names', names: Array.from({ length: 101 }, (_, i) => dns(`istiod-${i}.istio-system.svc`)), stoppedBy: { signet: SAN }, cause: /found 101 names/ }),
    workload({ title: 'no name at all', names: [], stoppedBy: { signet: { rules: ['some-name'] } }, cause: /found no name/ }),

    byRequest({
      title: 'a SPIFFE ID of bar in the common name',
      by: 'istiod',
      stoppedBy: { signet: { rules: ['empty-subject'] } },
      cause: /CN=spiffe:\/\/cluster\.local\/ns\/bar\/sa\/app/,
      ask: { as: ISTIOD, signer: 'foo', shape: { names: [spiffe('foo')], subject: commonName('spiffe://cluster.local/ns/bar/sa/app') } },
      twin: { title: 'an empty subject', ask: { shape: { subject: EMPTY_SUBJECT } }, name: APP },
    }),
    byRequest({
      title: 'a group of Kubernetes in the organization',
      by: 'istiod',
      stoppedBy: { signet: { rules: ['empty-subject'] } },
      cause: /O=system:masters/,
      ask: { as: ISTIOD, signer: 'foo', shape: { names: [spiffe('foo')], subject: subject([[OID.organizationName, utf8String('system:masters')]]) } },
      twin: { title: 'an empty subject', ask: { shape: { subject: EMPTY_SUBJECT } }, name: APP },
    }),
    byRequest({
      title: 'a second subjectAltName, of bar, behind that of foo',
      by: 'istiod',
      stoppedBy: 'API server',
      cause: /x509: certificate request contains duplicate requested extensions/,
      ask: { as: ISTIOD, signer: 'foo', shape: { names: [spiffe('foo')], extensions: [{ oid: OID.subjectAltName, critical: true, value: encodeGeneralNames([spiffe('bar')]) }] } },
      twin: { title: 'that of foo alone', ask: { shape: { extensions: [] } }, name: APP },
    }),
    byRequest({
      title: 'a second attribute that asks for extensions, with cert sign as key usage',
      by: 'istiod',
      stoppedBy: { signet: ATTRIBUTES },
      cause: /the attribute 1\.2\.840\.113549\.1\.9\.14 twice/,
      ask: { as: ISTIOD, signer: 'foo', shape: { names: [spiffe('foo')], attributes: [extensionRequest(OID.extensionRequest, OID.keyUsage, namedBits([CERT_SIGN]))] } },
      twin: { title: 'one such attribute', ask: { shape: { attributes: [] } }, name: APP },
    }),
    byRequest({
      title: "a subjectAltName of bar in Microsoft's own attribute, which Go does not see and OpenSSL does",
      by: 'istiod',
      stoppedBy: { signet: ATTRIBUTES },
      cause: /the attribute 1\.3\.6\.1\.4\.1\.311\.2\.1\.14/,
      ask: { as: ISTIOD, signer: 'foo', shape: { names: [spiffe('foo')], attributes: [extensionRequest('1.3.6.1.4.1.311.2.1.14', OID.subjectAltName, encodeGeneralNames([spiffe('bar')]))] } },
      twin: { title: "without Microsoft's", ask: { shape: { attributes: [] } }, name: APP },
    }),
  ],
};

/** An attribute that asks for one extension. */
function extensionRequest(attribute: string, extension: string, value: Uint8Array): Der {
  return sequence(objectIdentifier(attribute), setOf(sequence(sequence(objectIdentifier(extension), octetString(value)))));
}
