import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import type { Caller, CommandSpec } from "./caller.js";
import { fromHttp, TriviumError } from "./error.js";

export interface HttpOptions {
  /** "https://gateway.example.com" */
  url: string;
  /** Called when there is no token yet, and when the platform says that the last one is over. Leave it out for commands that want no credential. */
  getToken?: () => string | Promise<string>;
  /** JSON, or Protobuf. Default: json. */
  protocol?: "json" | "protobuf";
  /** Of a whole call. Default: 10,000. */
  timeoutMs?: number;
  fetch?: typeof globalThis.fetch;
}

/** A transport for @connectrpc/connect that carries the user's token: createClient(PaymentService, transport({...})). */
export function transport({ url, getToken, protocol = "json", timeoutMs = 10_000, fetch }: HttpOptions): Transport {
  return createConnectTransport({
    baseUrl: url,
    useBinaryFormat: protocol === "protobuf",
    defaultTimeoutMs: timeoutMs,
    interceptors: getToken ? [bearer(getToken)] : [],
    ...(fetch ? { fetch } : {}),
  });
}

// One fetch of a token for all calls that wait for it. A token that is refused as over is replaced once for the call.
function bearer(getToken: () => string | Promise<string>): Interceptor {
  let token: Promise<string> | undefined;
  const current = (): Promise<string> => {
    const fetching = (token ??= Promise.resolve().then(getToken));
    fetching.catch(() => (token = token === fetching ? undefined : token));
    return fetching;
  };
  return (next) => async (request) => {
    const used = current();
    request.header.set("authorization", `Bearer ${await used}`);
    try {
      return await next(request);
    } catch (error) {
      if (!isOver(error)) throw error;
      if (token === used) token = undefined;
      request.header.set("authorization", `Bearer ${await current()}`);
      return await next(request);
    }
  };
}

const isOver = (error: unknown): boolean => error instanceof ConnectError && error.code === Code.Unauthenticated && fromHttp(error).reason === "TOKEN_EXPIRED";

/** Calls commands over HTTP: makeCommands(httpCaller({...})). */
export function httpCaller(options: HttpOptions): Caller {
  const connect = transport(options);
  return {
    async call<Input extends DescMessage, Output extends DescMessage>(
      { method }: CommandSpec<Input, Output>,
      request: MessageInitShape<Input>,
    ): Promise<MessageShape<Output>> {
      try {
        return (await connect.unary(method, undefined, undefined, undefined, request)).message;
      } catch (error) {
        throw error instanceof TriviumError ? error : fromHttp(error);
      }
    },
  };
}
