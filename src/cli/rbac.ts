import { rbacObjects } from '../config/rbac.ts';
import { defineCommand } from './command.ts';
import { configOption, loadConfig } from './options.ts';
import { jsonText, yamlText } from './output.ts';

export const command = defineCommand({
  name: 'rbac',
  summary: 'print the exact RBAC objects that a configuration needs',
  help: `
Prints the ClusterRole, the Roles and their bindings that let Signet serve this configuration, and nothing beyond it. No cluster is
needed. To apply them:

  signet rbac -c signet.yaml | kubectl apply -f -

The ConfigMap of publish.meshConfig must exist, empty, as the right to create one cannot be limited to a name.`,
  options: {
    config: configOption,
    namespace: { type: 'string', short: 'n', value: 'NAME', default: 'signet-system', description: 'where Signet runs and keeps its own Secrets' },
    'service-account': { type: 'string', value: 'NAME', default: 'signet', description: 'the account it runs as' },
    output: { type: 'string', short: 'o', choices: ['yaml', 'json'], default: 'yaml', description: 'how to print' },
  },
  run: async ({ values, env, signal, stdout }) => {
    const config = await loadConfig({ config: values.config, env, signal });
    const { namespace = 'signet-system', 'service-account': serviceAccount = 'signet' } = values;
    const items = rbacObjects(config, { namespace, serviceAccount });
    stdout.write(values.output === 'json' ? jsonText({ apiVersion: 'v1', kind: 'List', items }) : yamlText(...items));
    return 0;
  },
});
