// Verifies one callback with the reference library of Standard Webhooks. On stdin: {"secret", "headers", "body"}.
// Prints "ok", or why the library refuses it and exits with 1. Anything else that fails prints nothing to stdout.
import { readFileSync } from 'node:fs';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
try {
  new Webhook(secret).verify(body, headers);
  console.log('ok');
} catch (err) {
  if (!(err instanceof WebhookVerificationError)) throw err;
  console.log(err.message);
  process.exitCode = 1;
}
