/** Requests of nobody, whose keys were thrown away: one as Istio's agents make by default, one as ztunnel does. */
const REQUESTS = [
  `-----BEGIN CERTIFICATE REQUEST-----
MIICnjCCAYYCAQAwCzEJMAcGA1UEChMAMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
MIIBCgKCAQEA3B0WnQe6DkkChHybx73AFJcbPm6OayWx7Di4Vyc7z8X3X5PiO23l
/xRHuw0zwPKVLNMl2i9OhcWbX7CIoXN1xaOtlivNDM3GPEK5q0abQ48k1D99imnF
3LB4L3uDafLGIM/1iBG9eNrV9quyTZhP/oYd5fqyjOAnjLfnqkq6hjY9cpKvFGNA
4BAl31GYsAAFodveg1bYSIJuiuiuuslZ9kJGrBm46jGO0rhOo68hIhUbwS3nXLMS
QzXnM7gOyoreMAoEKXpXJdPHneLpbvhGs6K6lG3CXRQUdGk5MHSe5rS2FoguWhW8
egIeBXBa9SL5l7M0RYNYk3dZswZWjKiSHwIDAQABoE4wTAYJKoZIhvcNAQkOMT8w
PTA7BgNVHREBAf8EMTAvhi1zcGlmZmU6Ly9jbHVzdGVyLmxvY2FsL25zL3JlaGVh
cnNhbC9zYS9ub2JvZHkwDQYJKoZIhvcNAQELBQADggEBAKehSydrySX4ko1QF2k5
jMLQN+atAqwNNSmElfxOSGXa3zsoDm/A0ewc/hWTdaPpC7hBfVAaouRIlVkm+Wj7
3PRMnGkMWnbbQXwAsqoo/u93oace67wVX7c8ZuEPnl63JYrC5wsTj+Le+LAI9Gfo
HbCom1Rwmq0WrJQY5n5tKn3jColCDUSmTKrd+QrLU9kSn70rgHxYntgFZ9ZTUt0f
ETL25d8or2SSC8tdAMsd2kT4twDa9uHYYeA2tBydfCRipFbGR3tBwbHeLlbeIA6p
xqH2lr904S6vCMGSAbY3O9TOGAZ0Sgvf1vVoCflHz82m6ErwFglTwiLCRBCAqJNn
YYY=
-----END CERTIFICATE REQUEST-----
`,
  `-----BEGIN CERTIFICATE REQUEST-----
MIIBFDCBuwIBADALMQkwBwYDVQQKEwAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQpQHOvsyjbmnN9MwTJn8tz++PJFZTepKGkktDOdyOIf7h+UMjJiUnCndvlwmhg
+FGDSJtcQlsmLF8pqvmIEiIsoE4wTAYJKoZIhvcNAQkOMT8wPTA7BgNVHREBAf8E
MTAvhi1zcGlmZmU6Ly9jbHVzdGVyLmxvY2FsL25zL3JlaGVhcnNhbC9zYS9ub2Jv
ZHkwCgYIKoZIzj0EAwIDSAAwRQIhAIPTBk9rlsmaJv6+z9QNsado5FzGiWlPkV00
N1jwW8/WAiAUl74AZXnTXZEnNySxtGIhyIaomhbW69UpI4vIwr+TCQ==
-----END CERTIFICATE REQUEST-----
`,
];

export const SIGNER = 'rehearsal.signet.dev/nobody';
const REQUESTER = 'system:serviceaccount:rehearsal:requester';

/** Under which the requests of nobody are allowed. */
export const CONFIGURATION = `
requesters: [{ user: "${REQUESTER}", approves: true, vouches: { namespaces: rehearsal } }]
signers: [{ name: ${SIGNER}, ca: { secret: rehearsal/none }, allow: { namespaces: rehearsal } }]
`;

/** What the API server would show of one request up to the moment at which it is to be signed, and after it was: lines of a watch. */
export function scene(number: number): { readonly before: string; readonly after: string } {
  const request = Buffer.from(REQUESTS[number % REQUESTS.length] ?? '').toString('base64');
  const name = `rehearsal-${number}`;
  const spec = { request, signerName: SIGNER, expirationSeconds: 86_400, usages: USAGES, username: REQUESTER, uid: 'd7d1a9f6-8b2c-4b64-9c59-3f0a5d2f7c11', groups: ['system:serviceaccounts', 'system:authenticated'] };
  const event = (type: string, version: number, status: object): string => {
    const metadata = { name, uid: `${name}-5f4c9e7a-2f0d`, resourceVersion: String(3 * number + version), creationTimestamp: TIME, managedFields: MANAGED };
    return `${JSON.stringify({ type, object: { kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1', metadata, spec, status } })}\n`;
  };
  const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'Rehearsal', message: 'nobody waits for this', lastUpdateTime: TIME, lastTransitionTime: TIME }] };
  const issued = { ...approved, certificate: request };
  return { before: event('ADDED', 1, {}) + event('MODIFIED', 2, approved), after: event('MODIFIED', 3, issued) + event('DELETED', 3, issued) };
}

const TIME = '2026-01-01T00:00:00Z';
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const MANAGED = [{ manager: 'rehearsal', operation: 'Update', apiVersion: 'certificates.k8s.io/v1', time: TIME, fieldsType: 'FieldsV1', fieldsV1: { 'f:status': { 'f:conditions': { '.': {}, 'k:{"type":"Approved"}': { '.': {}, 'f:type': {} } } } } }];
