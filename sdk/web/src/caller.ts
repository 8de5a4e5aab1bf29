import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

/** A row of the command table: what src/gen/commands.ts has for each command that clients may call. */
export interface CommandSpec<Input extends DescMessage, Output extends DescMessage> {
  /** "payment.get" */
  name: string;
  method: DescMethodUnary<Input, Output>;
  /** Whether the gateway may send a call again after a failure that may have had an effect. */
  idempotent: boolean;
}

/** What carries commands: the socket (Trivium) or HTTP (httpCaller). Rejects with a TriviumError. */
export interface Caller {
  call<Input extends DescMessage, Output extends DescMessage>(
    command: CommandSpec<Input, Output>,
    request: MessageInitShape<Input>,
  ): Promise<MessageShape<Output>>;
}
