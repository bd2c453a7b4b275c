// Server-sent events (HTML, "Interpreting an event stream"), as far as the protocol uses them.

export interface Event {
  id: string | undefined;
  data: string;
}

const fieldsOf = (block: string): Event => {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "id" && !value.includes("\0")) id = value;
    if (name === "data") data.push(value);
  }
  return { id, data: data.join("\n") };
};

/** The events of a stream of bytes as they come; one that is cut off is none. */
export async function* eventsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Event> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    // A '\r' at the end may be half of a line's end.
    const text = (rest + decoder.decode(chunk, { stream: true })).replace(/\r\n|\r(?!$)/g, "\n");
    const blocks = text.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield fieldsOf(block);
  }
}
