import { fairnessContract } from './fairness.contract.ts';
import { sandboxTarget } from './sandbox-target.ts';

fairnessContract('What one tenant costs another, on the sandbox', sandboxTarget, { flood: 300 });
