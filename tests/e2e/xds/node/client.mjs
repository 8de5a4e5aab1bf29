// A stock @grpc/grpc-js client with @grpc/grpc-js-xds: it follows the route plan by xDS and knows nothing of the platform but a method's name.
//
// usage: node client.mjs TARGET CA CERTIFICATE KEY
// Calls without a pause until SIGTERM. Prints "backend NAME" whenever another backend answers, "failed REASON" for each call that fails, and
// "calls N failed M" at the end.
import { readFileSync } from 'node:fs';
import grpc from '@grpc/grpc-js';
import xds from '@grpc/grpc-js-xds';

const METHOD = '/trivium.payment.v1.PaymentService/GetPayment';
const [target, ca, certificate, key] = process.argv.slice(2);
if (!key) {
  console.error('usage: node client.mjs TARGET CA CERTIFICATE KEY');
  process.exit(2);
}

xds.register();
const credentials = grpc.credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(certificate));
const client = new grpc.Client(target, credentials);
let stopping = false;
process.on('SIGTERM', () => { stopping = true; });

// Bytes as they are: no generated code is needed. Field 1 of the answer is the backend's name: a tag, a length, text.
const bytes = (buffer) => buffer;
function call() {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + 10_000);
    client.makeUnaryRequest(METHOD, bytes, bytes, Buffer.alloc(0), new grpc.Metadata(), { deadline }, (error, response) => {
      if (error) reject(error);
      else resolve(response.subarray(2).toString());
    });
  });
}

let calls = 0;
let failed = 0;
let last = '';
while (!stopping) {
  calls += 1;
  try {
    const name = await call();
    if (name !== last) console.log(`backend ${name}`);
    last = name;
  } catch (error) {
    failed += 1;
    console.log(`failed ${error.message}`);
  }
  await new Promise((resolve) => { setTimeout(resolve, 2); });
}
console.log(`calls ${calls} failed ${failed}`);
process.exit(0);
