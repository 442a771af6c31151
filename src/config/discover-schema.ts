import { z } from 'zod';
import { DISCOVERED_ALLOW } from '../core/discovered-issuer.ts';

const NAMESPACE_MESSAGE = 'must be the name of a namespace, without patterns: each has a Role of its own';
const namespace = z.string(NAMESPACE_MESSAGE).regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, NAMESPACE_MESSAGE);
const ALLOW_MESSAGE = `must be ${DISCOVERED_ALLOW.join(' or ')}, or a list of them`;
const allow = z.enum(DISCOVERED_ALLOW, ALLOW_MESSAGE);

/** `discover`. */
export const discoverSchema = z
  .strictObject({
    certManager: z
      .strictObject({
        allow: z.union([z.array(allow), allow.transform((value) => [value])], ALLOW_MESSAGE).describe('approved: what somebody approved, as cert-manager does; sameNamespace: workloads of the Issuer\'s own namespace'),
        clusterResourceNamespace: namespace.default('cert-manager').describe('Where the Secrets of ClusterIssuers are, as cert-manager has it'),
        namespaces: z.union([z.array(namespace), namespace.transform((value) => [value])], 'must be a list of namespaces').default([]).describe('Namespaces whose Issuers are served; their Secrets are read'),
      }, 'must be a mapping such as { allow: approved }')
      .optional()
      .describe('Serve the CA issuers of cert-manager without an entry for each'),
  }, 'must be a mapping such as { certManager: { allow: approved } }')
  .default({});
