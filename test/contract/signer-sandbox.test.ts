import { sandboxTarget } from './sandbox-target.ts';
import { signerContract } from './signer.contract.ts';

signerContract('Signet on the sandbox', sandboxTarget);
