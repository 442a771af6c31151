import { explainContract } from './explain.contract.ts';
import { sandboxTarget } from './sandbox-target.ts';

explainContract('explain on the sandbox', sandboxTarget);
