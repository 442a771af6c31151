import { guardObjects } from '../config/guard.ts';
import { defineCommand } from './command.ts';
import { configOption, loadConfig } from './options.ts';
import { jsonText, yamlText } from './output.ts';

export const command = defineCommand({
  name: 'guard',
  summary: 'print the admission policy that guards the requests of a configuration',
  help: `
Prints a ValidatingAdmissionPolicy and its binding. For the configured signers they let only Signet write certificates, only the
listed approvers approve, only the listed requesters ask where every entry of allow lists some, and nobody change the annotations of
experimental.cert-manager.io once a request is made. No cluster is needed; the cluster needs Kubernetes 1.30. To apply them:

  signet guard -c signet.yaml | kubectl apply -f -

Then say so in the configuration: guard: true. Signet does not look whether it is there.`,
  options: {
    config: configOption,
    namespace: { type: 'string', short: 'n', value: 'NAME', default: 'signet-system', description: 'where Signet runs' },
    'service-account': { type: 'string', value: 'NAME', default: 'signet', description: 'the account it runs as' },
    output: { type: 'string', short: 'o', choices: ['yaml', 'json'], default: 'yaml', description: 'how to print' },
  },
  run: async ({ values, env, signal, stdout }) => {
    const config = await loadConfig({ config: values.config, env, signal });
    const { namespace = 'signet-system', 'service-account': serviceAccount = 'signet' } = values;
    const items = guardObjects(config, { namespace, serviceAccount });
    stdout.write(values.output === 'json' ? jsonText({ apiVersion: 'v1', kind: 'List', items }) : yamlText(...items));
    return 0;
  },
});
