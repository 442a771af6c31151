import { defineCommand } from './command.ts';
import { jsonText, yamlText } from './output.ts';
import { outputOption } from './options.ts';
import { release } from './release.ts';

export const command = defineCommand({
  name: 'version',
  summary: 'print the version',
  help: 'Prints the version of Signet, the commit it was built from where that is known, and the version of Node it runs on.',
  options: { output: outputOption },
  run: async ({ values, stdout }) => {
    const facts = { version: release.version, commit: release.commit, node: process.version };
    if (values.output === 'json') stdout.write(jsonText(facts));
    else if (values.output === 'yaml') stdout.write(yamlText(facts));
    else stdout.write(`signet ${facts.version}${facts.commit === null ? '' : ` (${facts.commit.slice(0, 12)})`}, Node ${facts.node}\n`);
    return 0;
  },
});
